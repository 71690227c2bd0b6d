SELECT count(*) FROM subjects WHERE abs(weight / (height / 100) / (height / 100) - bmi) > 0.5
