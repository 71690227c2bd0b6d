SELECT test, stddev(value), stddev_samp(value::double precision) FROM measurements GROUP BY test
