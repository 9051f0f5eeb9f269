-- What people have agreed on about each strategy: its card, and how it is sized.

CREATE TABLE strategies (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
