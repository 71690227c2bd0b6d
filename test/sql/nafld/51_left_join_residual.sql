SELECT count(*), count(o.event) FROM subjects s LEFT OUTER JOIN outcomes o ON s.id = o.id AND o.days > 0 AND s.male = 1
