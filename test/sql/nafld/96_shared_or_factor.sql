SELECT count(*) FROM subjects s, outcomes o
WHERE (s.id = o.id AND s.age > 70 AND o.event = 'MI') OR (s.id = o.id AND s.age < 30 AND o.event = 'htn')
