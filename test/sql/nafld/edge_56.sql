SELECT id FROM subjects WHERE id IN (1, 2.0, '3') ORDER BY id
