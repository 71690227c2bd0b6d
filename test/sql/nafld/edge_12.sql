SELECT * FROM (SELECT id, age FROM subjects WHERE id < 5) a FULL JOIN (SELECT id, male FROM subjects WHERE id BETWEEN 3 AND 8) b USING (id)
