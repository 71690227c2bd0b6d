SELECT id, 'old' AS what FROM subjects WHERE age > 95 UNION ALL SELECT id, event FROM outcomes WHERE event = 'event'
