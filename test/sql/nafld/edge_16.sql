SELECT (SELECT count(*) FROM outcomes) + count(*) FROM subjects HAVING count(*) > (SELECT 5)
