SELECT male, age, count(*) FROM subjects WHERE age > 90 GROUP BY male, age HAVING sum(status) > 1 AND male = 1
