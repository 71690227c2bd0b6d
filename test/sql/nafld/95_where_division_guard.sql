SELECT count(*) FROM subjects WHERE male <> 0 AND 10 / male > 5
