SELECT count(*), avg(a.age - b.age) FROM subjects a JOIN subjects b ON a."case.id" = b.id
