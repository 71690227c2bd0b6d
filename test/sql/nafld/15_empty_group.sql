SELECT male, count(*) FROM subjects WHERE age > 200 GROUP BY male
