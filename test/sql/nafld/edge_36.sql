SELECT 'a_b' LIKE 'a\_b', 'axb' LIKE 'a\_b', 'a%' LIKE 'a!%' ESCAPE '!', 'é' LIKE '_', 'ab' LIKE 'a%b%', '' LIKE '%', 'a\b' LIKE 'a\b' ESCAPE ''
