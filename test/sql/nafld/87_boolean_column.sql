-- ordered
SELECT bmi > 30 AS heavy, count(*) FROM subjects GROUP BY heavy ORDER BY heavy
