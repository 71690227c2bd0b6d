SELECT abs(-5), abs(-5.5), abs((-5)::float8), round(5), round(5, 1), round(15, -1), ceil(5), floor(1.7)
