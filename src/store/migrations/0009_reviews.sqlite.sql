-- When people last looked at all controls as a whole.

CREATE TABLE reviews (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
