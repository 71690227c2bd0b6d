SELECT count(*) FROM outcomes
