SELECT DISTINCT event FROM outcomes WHERE event LIKE '%a%' AND event NOT LIKE 'd%'
