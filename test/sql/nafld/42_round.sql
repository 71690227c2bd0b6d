SELECT id, round(bmi, 2), round(bmi), round(weight, -1), round(-bmi, 3) FROM subjects WHERE id <= 60
