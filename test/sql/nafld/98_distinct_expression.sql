-- ordered
SELECT DISTINCT age / 10 * 10 AS decade, male = 1 AS man FROM subjects ORDER BY 1, 2
