-- ordered
SELECT male, sum(DISTINCT age), avg(DISTINCT age), count(DISTINCT age) FILTER (WHERE status = 1), min(DISTINCT age) FROM subjects GROUP BY male ORDER BY male
