SELECT stddev(age), stddev(weight) FROM subjects WHERE id < 2
