-- ordered
SELECT age % 7 AS week, count(*) AS n FROM subjects GROUP BY week ORDER BY week
