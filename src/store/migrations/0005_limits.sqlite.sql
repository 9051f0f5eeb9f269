-- What the account may risk, and what it did with that today.

CREATE TABLE risk_limits  (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE trading_days (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
