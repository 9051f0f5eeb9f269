-- How far the account has come, and what it has shown on each day.

CREATE TABLE stages     (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE stage_days (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
