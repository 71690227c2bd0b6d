SELECT a.id FROM subjects a, subjects b, outcomes o WHERE a."case.id" = b.id AND o.id = a.id AND o.event = 'stroke' AND b.age > 80 AND a.id <> b.id
