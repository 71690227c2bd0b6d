-- ordered
SELECT s.male, o.event, count(*) AS n, count(DISTINCT s.id) AS persons
FROM subjects AS s INNER JOIN outcomes AS o ON s.id = o.id GROUP BY s.male, o.event ORDER BY 2, 1
