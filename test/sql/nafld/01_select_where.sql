SELECT id, age, weight FROM subjects WHERE age >= 90 AND male = 1
