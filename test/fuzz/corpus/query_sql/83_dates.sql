SELECT id, DATE '2000-01-31' + interval '1 month', date '2000-02-28' + 2, extract(year FROM date '2001-02-03'),
       extract(dow FROM timestamp '2001-02-03 04:05:06.5'), date '2001-03-01' - date '2000-03-01' FROM subjects WHERE id < 4
