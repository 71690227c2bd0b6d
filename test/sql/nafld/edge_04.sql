SELECT coalesce(NULL, NULL, age), coalesce(NULL, 'a'), nullif(age, 57.0), nullif('a', 'b') FROM subjects WHERE id < 10
