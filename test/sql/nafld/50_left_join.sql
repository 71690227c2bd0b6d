SELECT count(*), count(o.event), count(DISTINCT s.id) FROM subjects s LEFT JOIN outcomes o ON s.id = o.id
