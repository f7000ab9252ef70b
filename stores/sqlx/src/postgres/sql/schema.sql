-- `{p}` is the prefix. A session is found by `key`, the SHA-256 of its id.

CREATE TABLE {p}_sessions (
  key bytea PRIMARY KEY,
  -- judged by the clock of whoever asks; of a mark, its end
  deadline timestamptz NOT NULL,
  -- made by a handshake, and its cookie has not come back yet
  unconfirmed boolean NOT NULL,
  -- the last transactions, the newest first
  applied uuid[] NOT NULL DEFAULT '{}',
  -- if this is set, the row is no record but a mark: the session has got a new id, by this transaction
  retired_by uuid
) WITH (fillfactor = 70);

CREATE INDEX {p}_deadlines ON {p}_sessions (deadline);

-- `json` keeps the text as it was written: `jsonb` refuses \u0000, and forgets what is no decimal number.
CREATE TABLE {p}_fields (
  session bytea NOT NULL REFERENCES {p}_sessions ON DELETE CASCADE,
  field text COLLATE "C" NOT NULL,
  value json NOT NULL,
  PRIMARY KEY (session, field)
) WITH (fillfactor = 70);

-- Who may write. Unlogged, so that a lease costs no write to the disk: after a crash of the server it is empty, and
-- nobody holds a lease. Whoever held one is refused then, for its token is not there.
CREATE UNLOGGED TABLE {p}_leases (
  session bytea PRIMARY KEY,
  token uuid,
  -- null while the lease is only offered
  renewal bigint,
  -- nobody else has written since it was acquired
  alone boolean NOT NULL,
  -- the line of those who wait, and the nodes to wake
  waiting uuid[] NOT NULL,
  nodes uuid[] NOT NULL
) WITH (fillfactor = 50);
