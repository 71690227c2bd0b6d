SELECT a.male, b.status, count(*) FROM (SELECT male FROM subjects WHERE id < 40) a CROSS JOIN (SELECT status FROM subjects WHERE id < 30) b GROUP BY a.male, b.status
