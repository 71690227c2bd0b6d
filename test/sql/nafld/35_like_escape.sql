SELECT count(*) FROM outcomes WHERE event LIKE 'ang!/%' ESCAPE '!' OR event LIKE '\m%' OR event LIKE ''
