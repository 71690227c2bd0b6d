SELECT count(*) FROM (SELECT id FROM outcomes EXCEPT ALL SELECT id FROM outcomes WHERE event = 'nafld') t
