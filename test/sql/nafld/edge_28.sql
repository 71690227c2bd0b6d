SELECT id AS age, age AS id FROM subjects WHERE id < 20 ORDER BY id, age
