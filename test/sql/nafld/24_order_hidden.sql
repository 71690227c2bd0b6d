-- ordered
SELECT id FROM subjects WHERE id < 300 ORDER BY age DESC, id
