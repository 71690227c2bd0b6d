SELECT count(*) FROM subjects WHERE id NOT IN (SELECT id FROM outcomes) AND age > 40
