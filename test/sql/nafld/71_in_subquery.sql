SELECT count(*) FROM subjects WHERE id IN (SELECT id FROM outcomes WHERE event = 'stroke')
