SELECT age FROM subjects WHERE male = 1 UNION SELECT age + 40 FROM subjects WHERE male = 0
