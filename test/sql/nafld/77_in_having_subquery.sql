-- ordered
SELECT s.id, s.age, sum(m.value) FROM subjects s JOIN measurements m ON s.id = m.id
WHERE s.id IN (SELECT id FROM measurements GROUP BY id HAVING count(*) > 250) GROUP BY s.id, s.age ORDER BY 3 DESC, 1
