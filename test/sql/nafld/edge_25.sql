SELECT event FROM outcomes GROUP BY event ORDER BY count(*), event LIMIT 3 OFFSET 2
