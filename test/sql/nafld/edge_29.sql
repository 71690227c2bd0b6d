SELECT true AND NULL, NULL OR true, NOT NULL::boolean, 1 = NULL, NULL IS DISTINCT FROM NULL, 't'::boolean
