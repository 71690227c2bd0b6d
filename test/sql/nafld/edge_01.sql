SELECT '5' + age, age + '5', weight + '1.25', '2' * 3, age = '57' FROM subjects WHERE id < 5
