-- Who must say yes to what, and with what they say it.

CREATE TABLE approval_policies (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE changes           (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE passkeys          (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE links             (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE armings           (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;

-- Working rows: what is good once, and where cards stand

CREATE TABLE challenges (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE onces      (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE cards      (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
