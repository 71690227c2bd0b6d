-- ordered
SELECT s.male, count(m.id) AS measured, count(o.id) AS diabetic, count(*) AS n
FROM subjects s
LEFT JOIN (SELECT DISTINCT id FROM measurements WHERE test = 'fib4') m ON m.id = s.id
LEFT JOIN (SELECT DISTINCT id FROM outcomes WHERE event = 'diabetes') o ON o.id = s.id
GROUP BY s.male ORDER BY s.male
