SELECT id, age + 1, age - 100, age * age, age / 7, age % 7, -age / 7, -age % 7, weight * 2, weight + age, weight - 0.125,
       weight * height, mod(age, 9) FROM subjects WHERE id <= 60
