SELECT 0.1::float8 + 0.2::float8, 1e10::float8, 1.0::float8 / 3, 1e-7::float8, 123456789012345678::float8
