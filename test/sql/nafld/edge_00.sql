SELECT id, round(-2.5), round(2.5::float8), round(0.5::float8), -7 / 2, -7 % 3, 7.5 % 2, mod(-7, 3), floor(-0.5), ceil(-0.5) FROM subjects WHERE id = 1
