SELECT * FROM (SELECT id, age FROM subjects WHERE id < 5) a JOIN (SELECT id, male FROM subjects WHERE id < 4) b USING (id)
