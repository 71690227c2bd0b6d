SELECT count(*) FROM subjects WHERE male NOT IN (SELECT NULL::bigint)
