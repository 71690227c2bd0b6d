-- ordered
SELECT id, bmi FROM subjects WHERE bmi IS NOT NULL ORDER BY bmi DESC, id LIMIT 5 OFFSET 20
