-- Texts that PostgreSQL reads as an interval: all that it prints in any IntervalStyle, and more. A
-- number (#) has so few digits that no field overflows; after a word follows a space or nothing (_).
SELECT pg_catalog.replace(pg_catalog.replace(
    '^\s*(?=.*\d)('
    -- postgres and postgres_verbose
    '(@\s*)?(#\s*y(ea)?rs?_)?(#\s*mon(th)?s?_)?(#\s*w(eeks?)?_)?(#\s*d(ays?)?_)?'
    '((#\s*h(ou)?rs?_)?(#\s*min(ute)?s?_)?(#\s*(second|sec)s?_)?'
    '|[+-]?\d{1,8}:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?_)(ago)?|@\s*0'
    -- sql_standard
    '|([+-]?\d{1,8}-(\d|1[01])_)?([+-]?\d{1,8}_)?'
    '([+-]?\d{1,8}:[0-5]?\d(:[0-5]?\d(\.\d{1,9})?)?)?'
    -- iso_8601
    '|P(#Y)?(#M)?(#W)?(#D)?(T(?=[-+\d])(#H)?(#M)?(#S)?)?'
    ')\s*$', '#', '[+-]?\d{1,8}(\.\d{1,9})?'), '_', '(\s+|$)')
