SELECT s.id, s.age, o.days, o.event FROM subjects s JOIN outcomes o ON o.id = s.id WHERE s.age > 88
