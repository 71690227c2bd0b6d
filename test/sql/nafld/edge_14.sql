SELECT a.*, b.* FROM (SELECT id FROM subjects WHERE id < 5) a LEFT JOIN (SELECT id FROM subjects WHERE id BETWEEN 3 AND 8) b ON a.id = b.id AND a.id > 3 AND b.id < 100
