SELECT count(*), count(bmi), count(weight), count("case.id") FROM subjects WHERE age < 50
