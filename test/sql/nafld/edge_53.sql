SELECT 'x' FROM subjects GROUP BY male
