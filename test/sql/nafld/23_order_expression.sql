-- ordered
SELECT id, age FROM subjects WHERE id < 300 ORDER BY age % 10, -age, id
