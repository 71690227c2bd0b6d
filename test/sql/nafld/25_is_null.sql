SELECT count(*) FROM subjects WHERE bmi IS NULL AND (weight IS NULL OR height IS NOT NULL)
