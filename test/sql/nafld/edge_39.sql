WITH subjects AS (SELECT id FROM outcomes WHERE event = 'event') SELECT * FROM subjects
