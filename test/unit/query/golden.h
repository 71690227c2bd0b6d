/* Pinned plans: what the compiler makes of a text.  See test_golden. */
/* clang-format off */
{ "SELECT n, count(*), sum(price * 2) FROM t WHERE n > 3 GROUP BY n ORDER BY 2 DESC LIMIT 5",
  "n7 output n int32 null = t.n, count int64 = n3.2, sum decimal(38,2) null = n3.3\n"
  "  n6 limit 5\n"
  "    n5 sort n3.2 desc nulls first, t.n, n3.3\n"
  "      n4 project t.n, n3.2, n3.3\n"
  "        n3 aggregate n3.2 = count(*), n3.3 = sum(n2.2) by t.n\n"
  "          n2 project t.n, n2.2 = (t.price * 2)\n"
  "            n1 filter (t.n > 3)\n"
  "              n0 scan t: t.n, t.price\n"
},
{ "SELECT t.s, u.n FROM t LEFT JOIN u ON u.id = t.id AND u.s LIKE 'a%_b' AND t.n + 1 = u.n",
  "n5 output s text null = t.s, n int64 null = u.n\n"
  "  n4 project t.s, u.n\n"
  "    n3 join left on t.id = u.id and n2.3 = u.n (left unique) where (u.s like"
  " 'a%_b')\n"
  "      n2 project t.id, t.s, n2.3 = cast((t.n + 1) as int64)\n"
  "        n0 scan t: t.id, t.n, t.s\n"
  "      n1 scan u: u.id, u.s, u.n\n"
},
{ "SELECT count(*) FROM t, u x, u y WHERE t.id = y.id AND x.n = y.n AND t.price BETWEEN 1"
  " AND 2.5",
  "n9 output count int64 = n7.1\n"
  "  n8 project n7.1\n"
  "    n7 aggregate n7.1 = count(*)\n"
  "      n6 project\n"
  "        n5 filter ((t.price >= 1.00) and (t.price <= 2.50))\n"
  "          n4 join inner on u.n = u.n\n"
  "            n3 join inner on t.id = u.id (left unique)\n"
  "              n0 scan t: t.id, t.price\n"
  "              n2 scan u: u.id, u.n\n"
  "            n1 scan u: u.n\n"
},
{ "WITH w AS (SELECT id, max(n) AS n FROM u GROUP BY id) SELECT a.n FROM w a JOIN w b USING (id)",
  "n6 output n int64 null = n2.2\n"
  "  n5 project n2.2\n"
  "    n4 join inner on u.id = u.id (left unique) (right unique)\n"
  "      n3 project u.id, n2.2\n"
  "        n2 aggregate n2.2 = max(u.n) by u.id\n"
  "          n1 project u.id, u.n\n"
  "            n0 scan u: u.id, u.n\n"
  "      n3 project (as above)\n"
},
{ "SELECT CASE WHEN n = 0 THEN 1 / n ELSE 2 END AS q, coalesce(s, 'none') FROM t WHERE s"
  " IN ('a', NULL) OR ok IS NOT TRUE",
  "n3 output q int32 null = n2.1, coalesce text = n2.2\n"
  "  n2 project v2 := (t.n = 0); n2.1 = case when v2 then (1 / t.n) else 2 end, n2.2 ="
  " coalesce(t.s, 'none')\n"
  "    n1 filter ((t.s in ('a', NULL)) or not((t.ok is true)))\n"
  "      n0 scan t: t.n, t.s, t.ok\n"
},
{ "SELECT DISTINCT s FROM t WHERE id NOT IN (SELECT n FROM u) AND EXISTS (SELECT 1 FROM u"
  " WHERE n = 1) ORDER BY s NULLS FIRST",
  "n11 output s text null = t.s\n"
  "  n10 sort t.s nulls first\n"
  "    n9 aggregate by t.s\n"
  "      n8 project t.s\n"
  "        n7 join semi\n"
  "          n3 join null-aware anti on t.id = u.n (left unique)\n"
  "            n0 scan t: t.id, t.s\n"
  "            n2 project u.n\n"
  "              n1 scan u: u.n\n"
  "          n6 project\n"
  "            n5 filter (u.n = 1)\n"
  "              n4 scan u: u.n\n"
},
{ "SELECT s, avg(f) FILTER (WHERE ok), count(DISTINCT n) FROM t GROUP BY s HAVING max(d) >"
  " '2001-02-03' AND count(*) > (SELECT count(*) FROM u)",
  "n10 output s text null = t.s, avg double null = n6.2, count int64 = n6.3\n"
  "  n9 project t.s, n6.2, n6.3\n"
  "    n8 filter ((n6.4 > '2001-02-03') and (n6.5 > n3.1))\n"
  "      n7 join single (right unique)\n"
  "        n6 aggregate n6.2 = avg(t.f) filter t.ok, n6.3 = count(distinct t.n), n6.4"
  " = max(t.d), n6.5 = count(*) by t.s\n"
  "          n5 project t.s, t.f, t.ok, t.n, t.d\n"
  "            n0 scan t: t.n, t.d, t.s, t.f, t.ok\n"
  "        n4 project n3.1\n"
  "          n3 aggregate n3.1 = count(*)\n"
  "            n2 project\n"
  "              n1 scan u:\n"
},
{ "SELECT n FROM t UNION ALL SELECT id FROM u EXCEPT SELECT 5 LIMIT 3",
  "n12 output n int64 null = n4.1\n"
  "  n11 limit 3\n"
  "    n10 sort n4.1\n"
  "      n9 setop except\n"
  "        n5 setop union all\n"
  "          n4 project n4.1 = cast(t.n as int64)\n"
  "            n1 project t.n\n"
  "              n0 scan t: t.n\n"
  "          n3 project u.id\n"
  "            n2 scan u: u.id\n"
  "        n8 project n8.1 = cast(n7.1 as int64)\n"
  "          n7 project n7.1 = 5\n"
  "            n6 values ()\n"
},
{ "SELECT id, s, sum(n) FROM t GROUP BY id",
  "n4 output id int64 = t.id, s text null = n2.2, sum int64 null = n2.3\n"
  "  n3 project t.id, n2.2, n2.3\n"
  "    n2 aggregate n2.2 = any(t.s), n2.3 = sum(t.n) by t.id\n"
  "      n1 project t.id, t.s, t.n\n"
  "        n0 scan t: t.id, t.n, t.s\n"
},
{ "SELECT -5, 0, - 7, 2147483648, 1e2, 'x', NULL, DATE '2001-01-31' + INTERVAL '1 month'",
  "n2 output ?column? int32 = n1.1, ?column? int32 = n1.2, ?column? int32 = n1.3,"
  " ?column? int64 = n1.4, ?column? decimal(3,0) = n1.5, ?column? text = n1.6,"
  " ?column? text null = n1.7, ?column? timestamp = n1.8\n"
  "  n1 project n1.1 = -5, n1.2 = 0, n1.3 = -7, n1.4 = 2147483648, n1.5 = 100, n1.6 ="
  " 'x', n1.7 = NULL, n1.8 = '2001-02-28 00:00:00'\n"
  "    n0 values ()\n"
},
/* clang-format on */
