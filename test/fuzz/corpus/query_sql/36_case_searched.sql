-- ordered
SELECT CASE WHEN bmi < 18.5 THEN 'under' WHEN bmi < 25 THEN 'normal' WHEN bmi < 30 THEN 'over'
            WHEN bmi IS NULL THEN 'unknown' ELSE 'obese' END AS class, count(*) AS n
FROM subjects GROUP BY class ORDER BY n DESC
