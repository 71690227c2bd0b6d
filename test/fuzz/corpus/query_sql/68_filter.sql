SELECT count(*) FILTER (WHERE male = 1), sum(age) FILTER (WHERE status = 1 AND male = 0), avg(bmi) FILTER (WHERE bmi > 200) FROM subjects
