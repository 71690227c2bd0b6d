SELECT s.male m, count(*) FROM subjects s GROUP BY m HAVING count(*) > 10 ORDER BY m
