SELECT * FROM subjects WHERE id < 20
