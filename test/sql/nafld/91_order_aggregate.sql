-- ordered
SELECT test FROM measurements GROUP BY test ORDER BY count(*) DESC, max(value)
