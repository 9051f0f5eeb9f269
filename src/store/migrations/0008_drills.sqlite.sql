-- Emergency procedures as people rehearsed them.

CREATE TABLE drills (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
