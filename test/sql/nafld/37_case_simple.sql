-- ordered
SELECT CASE male WHEN 1 THEN 'm' WHEN 0 THEN 'f' END AS sex, avg(height) FROM subjects GROUP BY 1 ORDER BY 1
