SELECT sum(age), avg(age), min(age), max(age), sum(weight), avg(weight), min(bmi), max(bmi) FROM subjects
