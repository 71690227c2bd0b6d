SELECT sum(age) FROM subjects HAVING count(*) < 5
