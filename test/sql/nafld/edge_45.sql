SELECT 100 * sum(CASE WHEN event LIKE 'h%' THEN days ELSE 0 END) / sum(abs(days)) FROM outcomes
