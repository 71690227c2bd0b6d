SELECT count(*), count(id), sum(id), min(a), max(b) FROM
  (SELECT id, age AS a FROM subjects WHERE id < 1000) x FULL JOIN (SELECT id, days AS b FROM outcomes WHERE id BETWEEN 900 AND 1200) y USING (id)
