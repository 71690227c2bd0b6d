SELECT age AS a, -age AS b FROM subjects WHERE id < 20 ORDER BY b, a
