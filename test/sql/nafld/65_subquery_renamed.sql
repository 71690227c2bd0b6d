SELECT max(visits), min(visits), avg(visits) FROM (SELECT id, count(*) FROM measurements GROUP BY id) AS t (person, visits)
