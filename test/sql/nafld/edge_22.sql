SELECT sum(age) / count(*), sum(age) * 1.0 / count(*), sum(id * id), avg(id * 1.5) FROM subjects
