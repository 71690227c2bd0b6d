-- ordered
SELECT o.event, count(*) FROM subjects s, outcomes o WHERE s.id = o.id AND s.age < 30 GROUP BY o.event ORDER BY o.event
