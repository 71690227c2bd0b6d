-- ordered
SELECT event, count(*) FROM outcomes GROUP BY 1 ORDER BY 2 DESC, 1
