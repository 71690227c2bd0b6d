SELECT male, count(*) * 100.0 / (SELECT count(*) FROM subjects) AS share FROM subjects GROUP BY male
