SELECT count(*) FROM subjects WHERE id NOT IN (SELECT "case.id" FROM subjects)
