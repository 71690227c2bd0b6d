SELECT id, CAST(weight AS integer), weight::bigint, age::double precision, age::text, CAST(bmi AS numeric(6,2)),
       '12'::int + age, CAST(male AS boolean) FROM (SELECT id, weight, age, bmi, male::int AS male FROM subjects) AS x WHERE id < 50
