SELECT a.id, b.id FROM (SELECT id FROM subjects WHERE id < 5) a RIGHT JOIN (SELECT id FROM subjects WHERE id BETWEEN 3 AND 8) b USING (id)
