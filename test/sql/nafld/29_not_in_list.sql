SELECT event, count(*) FROM outcomes WHERE event NOT IN ('MI', 'stroke', 'afib') GROUP BY event
