SELECT count(*) FROM subjects WHERE bmi NOT IN (SELECT bmi FROM subjects WHERE id < 0)
