SELECT age FROM subjects GROUP BY age HAVING age > 92
