SELECT count(*) FROM subjects WHERE NOT (bmi > 30 AND weight > 100)
