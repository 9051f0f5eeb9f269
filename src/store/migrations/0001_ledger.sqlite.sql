-- The journal is the truth; everything below `Views` is folded from it and can be made again.
-- Times are integers (UTC microseconds), decimals are text, documents are canonical JSON.

CREATE TABLE journal (
  seq    INTEGER PRIMARY KEY CHECK (seq >= 0),
  corr   TEXT NOT NULL,
  action TEXT NOT NULL,
  bytes  TEXT NOT NULL
) STRICT;
CREATE INDEX journal_corr ON journal (corr, seq);

CREATE TRIGGER journal_is_gapless BEFORE INSERT ON journal
  WHEN NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM journal)
  BEGIN SELECT RAISE(ABORT, 'the journal is gapless'); END;
CREATE TRIGGER journal_is_never_edited BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- Where the journal ends: its length, the hash of its last row, and the full subtrees of its Merkle tree,
-- so that a start does not read the whole history.
CREATE TABLE head (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  size     INTEGER NOT NULL,
  hash     TEXT NOT NULL,
  frontier TEXT NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', '[]');

-- The same every 1024 rows: the root at any earlier size is at most 1023 rows away.
CREATE TABLE milestones (
  size     INTEGER PRIMARY KEY,
  frontier TEXT NOT NULL
) STRICT;

-- Views

CREATE TABLE intents (
  key         TEXT NOT NULL PRIMARY KEY,
  state       TEXT NOT NULL,
  symbol      TEXT NOT NULL,
  strategy_id TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  is_waiting  INTEGER NOT NULL CHECK (is_waiting IN (0, 1)),
  doc         TEXT NOT NULL
) STRICT;
CREATE INDEX intents_waiting     ON intents (received_at, key) WHERE is_waiting = 1;
CREATE INDEX intents_by_time     ON intents (received_at, key);
CREATE INDEX intents_by_state    ON intents (state, received_at, key);
CREATE INDEX intents_by_symbol   ON intents (symbol, received_at, key);
CREATE INDEX intents_by_strategy ON intents (strategy_id, received_at, key);

CREATE TABLE orders (
  key        TEXT NOT NULL PRIMARY KEY,
  account    TEXT NOT NULL,
  intent_id  TEXT NOT NULL,
  order_id   TEXT,
  symbol     TEXT NOT NULL,
  is_open    INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  created_at INTEGER NOT NULL,
  doc        TEXT NOT NULL
) STRICT;
CREATE INDEX orders_by_time     ON orders (created_at, key);
CREATE INDEX orders_by_symbol   ON orders (symbol, created_at, key);
CREATE INDEX orders_by_intent   ON orders (intent_id, created_at, key);
CREATE INDEX orders_by_order_id ON orders (order_id, account, created_at, key) WHERE order_id IS NOT NULL;
-- Partial: as small as the open set, however long the history. SQLite takes them only when the query says
-- `is_open = 1` as a literal, never as a parameter.
CREATE INDEX orders_open            ON orders (created_at, key) WHERE is_open = 1;
CREATE INDEX orders_open_of_account ON orders (account, created_at, key) WHERE is_open = 1;

CREATE TABLE fills (
  key           TEXT NOT NULL PRIMARY KEY,
  account       TEXT NOT NULL,
  intent_id     TEXT NOT NULL,
  cl_ord_id     TEXT NOT NULL,
  symbol        TEXT NOT NULL,
  seq           INTEGER NOT NULL,
  transact_time INTEGER NOT NULL,
  doc           TEXT NOT NULL
) STRICT;
CREATE INDEX fills_by_seq         ON fills (seq, key);
CREATE INDEX fills_by_time        ON fills (transact_time, seq, key);
CREATE INDEX fills_by_order       ON fills (cl_ord_id, seq, key);
CREATE INDEX fills_by_intent      ON fills (intent_id, seq, key);
CREATE INDEX fills_by_symbol      ON fills (symbol, seq, key);
CREATE INDEX fills_by_symbol_time ON fills (symbol, transact_time, seq, key);

CREATE TABLE positions  (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE halts      (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE freezes    (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE tasks      (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE people     (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE tokens     (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE sessions   (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE codes      (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE reconciles (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;

-- Working rows: what was last seen outside, and what is to be done

CREATE TABLE markets  (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;
CREATE TABLE accounts (key TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL) STRICT;

CREATE TABLE errands (
  key     TEXT NOT NULL PRIMARY KEY,
  kind    TEXT NOT NULL,
  due_at  INTEGER NOT NULL,
  -- When it can be taken: when it is due, or when the lease of whoever holds it ends.
  free_at INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX errands_by_free_at ON errands (free_at, due_at, key);
