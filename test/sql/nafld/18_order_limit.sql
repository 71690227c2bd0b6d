-- ordered
SELECT id, age, futime FROM subjects ORDER BY futime DESC, id LIMIT 10
