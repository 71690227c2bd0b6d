-- ordered
SELECT o.event, m.test, count(*) AS n, avg(m.value) AS mean FROM subjects s, outcomes o, measurements m
WHERE s.id = o.id AND m.id = s.id AND s.age > 85 AND o.event IN ('stroke', 'MI') GROUP BY o.event, m.test ORDER BY 1, 2
