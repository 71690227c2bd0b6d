WITH m AS (
  SELECT id, avg(value) AS hdl FROM measurements WHERE test = 'hdl' GROUP BY id
), o AS (
  SELECT id, max(CASE WHEN event = 'diabetes' THEN 1 ELSE 0 END) AS diabetic
  FROM outcomes GROUP BY id
), s AS (
  SELECT id, CASE WHEN id = "case.id" THEN 'nafld' ELSE 'control' END AS arm,
         age / 10 * 10 AS decade, status, futime, bmi FROM subjects
)
SELECT s.arm, s.decade, count(*) AS persons, sum(s.status) AS deaths,
       round(sum(s.status) * 1000 / (sum(s.futime) / 365.25), 2) AS rate,
       round(avg(s.bmi), 2) AS bmi, count(m.hdl) AS hdl_persons,
       round(avg(m.hdl), 2) AS hdl,
       count(CASE WHEN o.diabetic = 1 THEN 1 END) AS diabetes
FROM s LEFT JOIN m ON m.id = s.id LEFT JOIN o ON o.id = s.id
GROUP BY s.arm, s.decade
ORDER BY s.arm, s.decade
