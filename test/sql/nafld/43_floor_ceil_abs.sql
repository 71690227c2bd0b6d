SELECT id, floor(weight), ceil(weight), ceiling(-weight), abs(-weight), abs(age - 50), floor(-bmi) FROM subjects WHERE id <= 60
