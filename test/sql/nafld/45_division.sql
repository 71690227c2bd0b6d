SELECT id, weight / height, weight / 3, 1000.0 / age, age / 2.5 FROM subjects WHERE id <= 60 AND age > 0
