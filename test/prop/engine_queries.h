/* Over t(id g d w f s l dt ts b k e) and u(id k name v day): see test_prop_engine.c. */
"SELECT * FROM t",
"SELECT id, g + 1, d * 2, -d, abs(d), d - 5.25 FROM t WHERE g > 3",
"SELECT id FROM t WHERE s = 'steatosis' OR l LIKE '%special%requests%'",
"SELECT id FROM t WHERE l LIKE 'row 1_ %' AND NOT b",
"SELECT id, s FROM t WHERE s IN ('a', 'ZZZ top', '') ORDER BY s, id DESC LIMIT 17 OFFSET "
	"3",
"SELECT id FROM t WHERE g IN (1, 2, NULL, 5)",
"SELECT id FROM t WHERE g NOT IN (1, 2, 5) AND d BETWEEN -100 AND 300.5",
"SELECT count(*), count(g), count(s), sum(g), sum(d), sum(w), sum(k) FROM t",
"SELECT min(g), max(d), min(w), max(s), min(l), max(dt), min(ts), max(b::int), min(f), "
	"max(f) FROM t",
"SELECT avg(g), avg(d), avg(k), avg(w), avg(e) FROM t",
"SELECT sum(f), avg(f) FROM t WHERE f < 1000000000",
"SELECT sum(f) FROM t",
"SELECT g, count(*), sum(d), min(s), max(l) FROM t GROUP BY g",
"SELECT s, count(*), sum(d), avg(d), count(d) FROM t GROUP BY s",
"SELECT s, b, g, count(*), sum(k), sum(f) FROM t GROUP BY s, b, g",
"SELECT k, count(*), sum(d * (1 - d)) FROM t GROUP BY k",
"SELECT id % 1000, sum(d) FROM t GROUP BY id % 1000",
"SELECT l, count(*) FROM t GROUP BY l HAVING count(*) > 1",
"SELECT f, count(*) FROM t GROUP BY f",
"SELECT w, count(*) FROM t GROUP BY w",
"SELECT dt, count(*) FROM t GROUP BY dt ORDER BY count(*) DESC, dt LIMIT 5",
"SELECT ts, e, count(*) FROM t GROUP BY ts, e",
"SELECT count(DISTINCT g), count(DISTINCT s), count(DISTINCT l), count(DISTINCT w) FROM t",
"SELECT g, count(DISTINCT s), sum(DISTINCT d), avg(DISTINCT k), count(*) FROM t GROUP BY "
	"g",
"SELECT s, sum(DISTINCT f) FROM t WHERE f < 1000000000 GROUP BY s",
"SELECT DISTINCT g, b FROM t",
"SELECT DISTINCT s FROM t ORDER BY s DESC",
"SELECT sum(d) FILTER (WHERE g > 5), count(*) FILTER (WHERE b), count(s) FILTER (WHERE b)"
	" FROM t",
"SELECT CASE WHEN g > 10 THEN 'high' WHEN g > 2 THEN s ELSE l END FROM t",
"SELECT CASE WHEN g <> 0 THEN 100 / g END, CASE g WHEN 1 THEN d WHEN 2 THEN -d END FROM t",
"SELECT COALESCE(g, 0), COALESCE(d, 1.5), COALESCE(s, l), COALESCE(NULL, b) FROM t",
"SELECT NULLIF(g, 3), g IS NULL, b IS TRUE, b IS NOT FALSE, b IS UNKNOWN, g IS DISTINCT "
	"FROM 3 FROM t",
"SELECT id / 7, id % 7, d / 3, d / e FROM t WHERE e <> 0",
"SELECT d / e FROM t",
"SELECT round(d, 1), round(d), floor(d), ceil(d), round(w, -2), floor(f), ceil(f), "
	"round(f::numeric(20,3), 1) FROM t WHERE f < 1000000000",
"SELECT CAST(d AS bigint), CAST(g AS text), CAST(d AS text), CAST(dt AS text), CAST(g AS "
	"double precision), CAST(w AS double precision), CAST(d AS numeric(20,1)), CAST(dt AS "
	"timestamp) FROM t",
"SELECT CAST(f AS integer) FROM t WHERE f < 100 AND f > -100",
"SELECT f * 2, f + 1, f / 3, -f, abs(f) FROM t WHERE f < 1000000000",
"SELECT f * f FROM t",
"SELECT dt + interval '3 months', dt - interval '10 days', ts + interval '1 day 2 hours' "
	"FROM t",
"SELECT extract(year FROM dt), extract(month FROM dt), extract(dow FROM dt), "
	"extract(second FROM ts), extract(quarter FROM ts), extract(epoch FROM ts), extract(doy "
	"FROM dt) FROM t",
"SELECT id FROM t WHERE dt >= date '1995-01-01' AND dt < date '1995-01-01' + interval '1 "
	"year'",
"SELECT upper(s), lower(l), length(s), substring(l from 3 for 6), substring(s from 2), s "
	"|| '-' || l FROM t",
"SELECT upper(s), count(*) FROM t GROUP BY upper(s)",
"SELECT substring(l from 1 for 6), count(*) FROM t GROUP BY substring(l from 1 for 6)",
"SELECT id FROM t WHERE s < 'b' AND l >= 'row 2' AND s <> l",
"SELECT id FROM t WHERE (g > 3 AND b) OR (g IS NULL AND NOT b) OR NOT (d > 0)",
"SELECT id FROM t WHERE w > 1000000 AND w * 2 < 100000000000000000000000",
"SELECT w * w FROM t",
"SELECT t.id, u.id, name, v FROM t JOIN u ON t.k = u.id",
"SELECT t.id, u.k FROM t, u WHERE t.k = u.id AND t.g = u.k AND v > 0",
"SELECT t.id, u.name FROM t LEFT JOIN u ON t.k = u.id AND u.v > 10",
"SELECT t.id, u.name FROM t LEFT JOIN u ON t.k = u.id AND t.d > 10",
"SELECT t.id, u.name FROM t LEFT JOIN u ON t.k = u.id WHERE u.id IS NULL",
"SELECT t.id, u.name FROM t LEFT JOIN u ON t.k = u.id AND t.d < u.v",
"SELECT u.id, t.id FROM u LEFT JOIN t ON t.id = u.id AND t.l LIKE '%special%'",
"SELECT u.id, count(t.id) FROM u LEFT JOIN t ON t.k = u.id AND t.l NOT LIKE "
	"'%special%requests%' GROUP BY u.id",
"SELECT t.id, u.id FROM t RIGHT JOIN u ON t.id = u.id",
"SELECT t.id, u.id, t.s, u.name FROM t FULL JOIN u ON t.id = u.id",
"SELECT t.id, u.id FROM t FULL JOIN u ON t.id = u.id AND t.d > u.v",
"SELECT count(*) FROM t JOIN u ON t.s = u.name",
"SELECT s, count(*), sum(v) FROM t JOIN u ON t.s = u.name AND t.dt = u.day GROUP BY s",
"SELECT count(*), sum(v) FROM t CROSS JOIN u WHERE t.id < 20",
"SELECT count(*) FROM t JOIN u ON t.g < u.k WHERE t.id < 200",
"SELECT a.id, b.id FROM t a JOIN t b ON a.id = b.k WHERE a.g = 3",
"SELECT x.g, y.n FROM t x JOIN (SELECT g, count(*) AS n FROM t GROUP BY g) y ON x.g = y.g"
	" WHERE y.n > 10",
"WITH q AS (SELECT k, sum(d) AS sd FROM t GROUP BY k) SELECT a.k, a.sd, b.sd FROM q a "
	"JOIN q b ON a.k = b.k WHERE a.sd > 0",
"WITH q AS (SELECT id, d FROM t WHERE g > 2) SELECT count(*), (SELECT max(d) FROM q) FROM"
	" q",
"SELECT id FROM t WHERE k IN (SELECT id FROM u WHERE v > 0)",
"SELECT id FROM t WHERE k NOT IN (SELECT id FROM u WHERE v > 0)",
"SELECT id FROM t WHERE k NOT IN (SELECT id FROM u WHERE id IS NOT NULL)",
"SELECT id FROM t WHERE id NOT IN (SELECT k FROM u)",
"SELECT id, (SELECT max(v) FROM u) FROM t WHERE d > (SELECT avg(v) FROM u)",
"SELECT g FROM t UNION SELECT k FROM u",
"SELECT g FROM t UNION ALL SELECT k FROM u",
"SELECT s FROM t INTERSECT SELECT name FROM u",
"SELECT s FROM t EXCEPT SELECT name FROM u WHERE v > 50",
"SELECT id FROM t ORDER BY f DESC, id LIMIT 40",
"SELECT id, s FROM t ORDER BY s NULLS FIRST, id DESC",
"SELECT id, w FROM t ORDER BY w, id LIMIT 10 OFFSET 50",
"SELECT l FROM t ORDER BY l LIMIT 3",
"SELECT g, sum(d) AS x FROM t GROUP BY g HAVING sum(d) > 0 ORDER BY x DESC",
"SELECT sum(d) FROM t WHERE id < 0",
"SELECT g, sum(d) FROM t WHERE id < 0 GROUP BY g",
"SELECT 1 + 1, 'x' || 'y', NULL, 2.50 * 2",
"SELECT count(*) FROM t WHERE id * 4611686018427387904 > 0",
"SELECT sum(d * (1 - e) * (1 + e)), avg(d * e) FROM t",
"SELECT s, b, sum(e), sum(d), sum(d * (1 - e)), sum(d * (1 - e) * (1 + e)), avg(e), "
	"avg(d), count(*) FROM t WHERE dt <= date '1998-12-01' - interval '90 day' GROUP BY s, b "
	"ORDER BY s, b",
"SELECT t.id, u.name FROM t, u WHERE t.k IN (SELECT k FROM u WHERE v > 0) AND t.k = u.id",
"SELECT t.id, u.name FROM t, u WHERE u.k IN (SELECT g FROM t WHERE b) AND t.k = u.id",
"SELECT t.id FROM t JOIN u ON t.k = u.id JOIN t x ON x.id = u.k WHERE u.id IN (SELECT k FROM t)",
"SELECT t.id FROM t, u WHERE t.k + u.k IN (SELECT id FROM u) AND t.k = u.id",
"SELECT w + 9900000000000000000000000000000000, id FROM t WHERE w IS NULL OR id < 0",
"SELECT 9999999999999999999999999999999999 * (e + 1) + "
	"9999999999999999999999999999999999 * 9000 FROM t",
"SELECT 99999999999999999999999999999999990000 * (e + 1 - e) + "
	"99999999999999999999999999999999990000 FROM t",
"SELECT id FROM t WHERE id <> 0 AND id <> 1 AND id <> 2 AND id <> 3 AND id <> 4 AND id "
	"<> 5 AND id <> 6 AND id <> 7 AND id <> 8 AND id <> 9 AND id <> 10 AND id <> 11 AND id "
	"<> 12 AND id <> 13 AND id <> 14 AND id <> 15 AND id <> 16 AND id <> 17 AND id <> 18 "
	"AND id <> 19 AND id <> 20 AND id <> 21 AND id <> 22 AND id <> 23 AND id <> 24 AND id "
	"<> 25 AND id <> 26 AND id <> 27 AND id <> 28 AND id <> 29 AND id <> 30 AND id <> 31 "
	"AND id <> 32 AND id <> 33 AND id <> 34 AND id <> 35 AND id <> 36 AND id <> 37 AND id "
	"<> 38 AND id <> 39 AND g > 2",
