SELECT max(event), min(event), count(DISTINCT event || 'x') FROM outcomes
