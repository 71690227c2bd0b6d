-- ordered
SELECT id, height FROM subjects WHERE id < 100 ORDER BY height DESC NULLS LAST, id ASC
