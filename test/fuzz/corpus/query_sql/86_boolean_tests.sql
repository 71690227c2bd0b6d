SELECT count(*) FROM subjects WHERE (bmi > 30) IS TRUE OR (bmi > 30) IS NOT FALSE AND (weight > 80) IS UNKNOWN
