-- `{p}` is the prefix. A user is known by `user_key`, a hash. Times are microseconds since 1970.

-- Which sessions a user has. There need be no record yet, and it may have ended.
CREATE TABLE {p}_users (
  user_key BLOB NOT NULL,
  session BLOB NOT NULL,
  joined INTEGER NOT NULL,
  PRIMARY KEY (user_key, session)
) STRICT, WITHOUT ROWID;

-- When all sessions of a user were ended.
CREATE TABLE {p}_user_ends (
  user_key BLOB PRIMARY KEY,
  ended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
