SELECT count(*), sum(CASE WHEN male <> 0 THEN 100 / male ELSE 0 END) FROM subjects
