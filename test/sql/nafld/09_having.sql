-- ordered
SELECT event, count(*) AS n FROM outcomes GROUP BY event HAVING count(*) > 2000 ORDER BY n DESC
