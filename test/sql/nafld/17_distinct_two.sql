-- ordered
SELECT DISTINCT male, status FROM subjects ORDER BY status DESC, male
