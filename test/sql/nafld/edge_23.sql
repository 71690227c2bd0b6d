SELECT avg(weight::float8), sum(height::float8) FROM subjects
