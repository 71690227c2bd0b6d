-- ordered
SELECT n, count(*) AS persons FROM (SELECT id, count(*) AS n FROM outcomes GROUP BY id) AS t GROUP BY n ORDER BY n
