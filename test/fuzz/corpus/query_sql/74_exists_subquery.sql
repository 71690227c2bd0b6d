SELECT count(*) FROM subjects WHERE EXISTS (SELECT 1 FROM outcomes WHERE event = 'event') AND NOT EXISTS (SELECT id FROM outcomes WHERE event = 'none')
