SELECT max(age) FROM subjects HAVING count(*) > 5
