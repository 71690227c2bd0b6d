SELECT t.*, s.age FROM t, subjects s, outcomes o WHERE (s.id = o.id AND t.n = s.male AND o.event = 'MI') OR (s.id = o.id AND t.n = s.male)
AND s.id NOT IN (SELECT id FROM outcomes) AND NOT EXISTS (SELECT 1 FROM t) AND 1 < (SELECT count(*) FROM t GROUP BY n)
