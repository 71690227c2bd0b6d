-- ordered
(SELECT id FROM outcomes WHERE event = 'stroke' INTERSECT SELECT id FROM outcomes WHERE event = 'MI')
EXCEPT SELECT id FROM outcomes WHERE event = 'diabetes' ORDER BY id LIMIT 30
