SELECT count(*) FROM subjects a JOIN (SELECT DISTINCT age / 10 AS d FROM subjects WHERE age > 60) b ON a.age / 10 = b.d
