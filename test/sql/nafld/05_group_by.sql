-- ordered
SELECT male, count(*) AS n, sum(status) AS deaths FROM subjects GROUP BY male ORDER BY male
