-- ordered
SELECT DISTINCT event FROM outcomes ORDER BY event
