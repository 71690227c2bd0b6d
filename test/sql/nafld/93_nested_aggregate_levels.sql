SELECT avg(n), max(n) FROM (SELECT test, count(*) AS n FROM (SELECT id, test FROM measurements GROUP BY id, test) AS pairs GROUP BY test) AS t
