-- ordered
SELECT test, count(DISTINCT id) AS persons, count(*) AS n, min(value), max(value) FROM measurements GROUP BY test ORDER BY test
