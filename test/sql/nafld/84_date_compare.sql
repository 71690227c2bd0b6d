SELECT count(*) FROM subjects WHERE date '1999-12-31' < '2000-01-01' AND timestamp '2000-01-01 00:00:00' = date '2000-01-01'
