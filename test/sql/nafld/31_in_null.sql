SELECT count(*) FROM subjects WHERE male IN (1, NULL) OR male NOT IN (5, NULL)
