-- What people let one order be beyond.

CREATE TABLE waivers (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
