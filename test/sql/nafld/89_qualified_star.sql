SELECT o.*, s.age FROM subjects s JOIN outcomes o ON s.id = o.id WHERE s.id < 40
