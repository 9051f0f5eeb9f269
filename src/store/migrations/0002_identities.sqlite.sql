-- Which account at the broker the book is about.

CREATE TABLE identities (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
