SELECT d + 1, d - d, d + interval '1 month', ts - interval '2 days 3 hours', f * 2, f % 1.5, b AND NOT b, s || n, n / 2,
 CASE WHEN n = 0 THEN 1 / n ELSE n END, coalesce(n, 1 / n), nullif(s, 'x'), s LIKE 'a!%%' ESCAPE '!', b IS NOT UNKNOWN,
 d < '2001-01-01', ts BETWEEN date '2000-01-01' AND '2002-01-01 10:00:00', n IN (1, 2.5, NULL), s IN (s, 'y'), -n, - -5, -0
FROM t WHERE b OR n > - 3 ORDER BY 1 DESC NULLS LAST, f LIMIT 2 OFFSET 1
