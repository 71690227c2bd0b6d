SELECT count(*) FROM subjects WHERE age NOT IN (1, NULL)
