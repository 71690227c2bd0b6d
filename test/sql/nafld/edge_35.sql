SELECT count(*) FROM outcomes WHERE event LIKE '%a%a%' OR event LIKE 'htn' OR event LIKE '%' AND event LIKE '___'
