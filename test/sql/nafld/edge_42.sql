SELECT count(*) FROM (SELECT id FROM outcomes INTERSECT ALL SELECT id FROM outcomes WHERE days > 0) t
