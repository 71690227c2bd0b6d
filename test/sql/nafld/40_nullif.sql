SELECT count(nullif(male, 0)), sum(nullif(age, 50)), avg(nullif(status, 1)) FROM subjects
