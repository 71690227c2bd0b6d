-- ordered
SELECT event, sum(CASE WHEN days < 0 THEN 1 ELSE 0 END) AS before, sum(CASE WHEN days >= 0 THEN days END) AS after_days
FROM outcomes GROUP BY event ORDER BY event
