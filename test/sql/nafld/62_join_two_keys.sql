SELECT count(*), count(DISTINCT a.id) FROM outcomes a JOIN outcomes b ON a.id = b.id AND a.days = b.days AND a.event < b.event
