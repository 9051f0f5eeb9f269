-- What a person had canceled and closed as a whole.

CREATE TABLE liquidations (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
