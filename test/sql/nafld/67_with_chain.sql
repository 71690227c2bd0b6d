WITH a AS (SELECT id, age FROM subjects WHERE male = 1), b (person, years) AS (SELECT id, age * 2 FROM a WHERE age > 80)
SELECT b.person, b.years, a.age FROM a JOIN b ON a.id = b.person
