-- ordered
SELECT substring(event FROM 1 FOR 3) AS s, substr(event, 2), substring(event, -1, 4), count(*) FROM outcomes GROUP BY event ORDER BY event
