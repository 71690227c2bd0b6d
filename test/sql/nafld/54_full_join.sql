SELECT count(*), count(a.id), count(b.id) FROM
  (SELECT id FROM subjects WHERE age > 70) a FULL JOIN (SELECT DISTINCT id FROM outcomes) b ON a.id = b.id
