SELECT event, count(*) FROM outcomes WHERE event IN ('MI', 'stroke', 'afib') GROUP BY event
