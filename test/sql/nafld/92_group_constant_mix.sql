-- ordered
SELECT age / 20 + 1 AS bucket, 'all' AS tag, max(age) - min(age) AS spread FROM subjects GROUP BY age / 20 ORDER BY age / 20
