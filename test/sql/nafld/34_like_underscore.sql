SELECT event, count(*) FROM outcomes WHERE event LIKE '_t_' OR event LIKE '%/%' OR event LIKE 'h____ %' GROUP BY event
