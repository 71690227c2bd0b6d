SELECT id, weight::double precision / height::double precision, age::float8 * 1.5, sqrt_free FROM
  (SELECT id, weight, height, age, age::float8 AS sqrt_free FROM subjects) AS t WHERE id <= 60
