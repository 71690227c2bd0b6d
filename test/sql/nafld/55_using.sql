-- ordered
SELECT id, count(*) AS n FROM subjects JOIN outcomes USING (id) WHERE age BETWEEN 30 AND 31 GROUP BY id ORDER BY n DESC, id LIMIT 20
