SELECT count(*), count(s.id), count(o.id) FROM outcomes o RIGHT JOIN subjects s ON s.id = o.id AND o.event = 'stroke'
