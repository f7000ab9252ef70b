-- `{p}` is the prefix. A session is found by `key`, the SHA-256 of its id. Times are microseconds since 1970.

CREATE TABLE {p}_sessions (
  key BLOB PRIMARY KEY,
  -- judged by the clock of whoever asks; of a mark, its end
  deadline INTEGER NOT NULL,
  -- made by a handshake, and its cookie has not come back yet
  unconfirmed INTEGER NOT NULL,
  -- if this is set, the row is no record but a mark: the session has got a new id, by this transaction
  retired_by BLOB,
  -- the last transactions, 16 bytes each, the newest first
  applied BLOB NOT NULL DEFAULT x'',
  -- the lease
  token BLOB,
  -- null while the lease is only offered
  renewal INTEGER,
  -- nobody else has written since it was acquired
  alone INTEGER NOT NULL DEFAULT 0,
  -- the line of those who wait: token and node, 16 bytes each
  line BLOB NOT NULL DEFAULT x''
) STRICT, WITHOUT ROWID;

CREATE INDEX {p}_deadlines ON {p}_sessions (deadline);

CREATE TABLE {p}_fields (
  session BLOB NOT NULL REFERENCES {p}_sessions ON DELETE CASCADE,
  field TEXT NOT NULL,
  -- JSON
  value TEXT NOT NULL,
  PRIMARY KEY (session, field)
) STRICT, WITHOUT ROWID;

-- What processes tell each other. Each looks for what is new, and what is a minute old is deleted.
CREATE TABLE {p}_notices (
  -- never used again, so that what is new is what is larger
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  -- who says it, and knows it already
  store BLOB NOT NULL,
  -- whom it is for, or all
  node BLOB,
  message TEXT NOT NULL
) STRICT;
