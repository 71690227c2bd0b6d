SELECT count(*) FROM subjects WHERE (SELECT max(id) FROM outcomes) > id AND (SELECT age FROM subjects WHERE id = -1) IS NULL
