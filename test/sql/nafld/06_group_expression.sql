-- ordered
SELECT age / 10 AS decade, count(*), avg(bmi) FROM subjects GROUP BY age / 10 ORDER BY 1
