SELECT age, count(*) FILTER (WHERE male = 1) * 100 / count(*) AS pct FROM subjects WHERE age > 85 GROUP BY age ORDER BY pct DESC, age
