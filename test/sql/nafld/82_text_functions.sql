-- ordered
SELECT DISTINCT upper(event), lower(event), length(event), event || '!' || length(event)::text, char_length(event) FROM outcomes ORDER BY 1
