SELECT male, avg(age) FROM subjects GROUP BY subjects.male ORDER BY male NULLS FIRST
