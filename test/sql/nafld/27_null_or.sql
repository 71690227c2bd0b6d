SELECT count(*) FROM subjects WHERE bmi > 30 OR weight > 100 OR NOT (height > 150)
