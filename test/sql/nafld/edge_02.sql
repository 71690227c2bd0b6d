SELECT id FROM subjects WHERE age = '57' AND weight >= '60.0' AND id < 400
