SELECT sum(coalesce(weight, 0)), sum(coalesce(weight, height, 1.25)), count(coalesce("case.id", id)) FROM subjects
