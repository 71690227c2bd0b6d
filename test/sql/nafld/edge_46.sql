SELECT id, age BETWEEN 40 AND 60 AS mid, NOT (male = 1) FROM subjects WHERE id < 10
