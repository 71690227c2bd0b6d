-- ordered
SELECT id, weight FROM subjects WHERE id < 100 ORDER BY weight DESC, id
