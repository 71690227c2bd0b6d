SELECT count(*) FROM subjects s LEFT JOIN outcomes o ON s.id = o.id WHERE o.id IS NULL AND s.age > 60
