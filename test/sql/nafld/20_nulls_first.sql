-- ordered
SELECT id, bmi FROM subjects WHERE id < 200 ORDER BY bmi NULLS FIRST, id
