SELECT count(*) FROM subjects a JOIN subjects b USING (id) JOIN outcomes USING (id)
