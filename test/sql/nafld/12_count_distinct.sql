SELECT count(DISTINCT id), count(DISTINCT event), count(*) FROM outcomes
