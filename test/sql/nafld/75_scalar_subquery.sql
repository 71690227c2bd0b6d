SELECT count(*) FROM subjects WHERE bmi > (SELECT avg(bmi) FROM subjects)
