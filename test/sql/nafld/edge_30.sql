SELECT substring('héllo', 2, 3), length('héllo'), upper('hé'), 'é' || 1, substr('abc', 0, 2), substr('abc', -5)
