SELECT count(*) FROM (SELECT id, age FROM subjects WHERE id < 100) a JOIN (SELECT id, age FROM subjects WHERE id < 100) b ON a.age < b.age AND a.id <> b.id
