SELECT count(*), sum(age), avg(age), min(age), max(age) FROM subjects WHERE age > 200
