SELECT count(*) + 1, 5 FROM subjects WHERE false
