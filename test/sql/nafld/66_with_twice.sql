WITH per AS (SELECT id, count(*) AS n FROM outcomes GROUP BY id)
SELECT count(*) FROM per a JOIN per b ON a.n = b.n AND a.id < b.id WHERE a.n > 8
