SELECT count(*) FROM subjects a LEFT JOIN (outcomes b JOIN measurements c ON b.id = c.id AND c.test = 'fib4') ON a.id = b.id
