-- `{p}` is the prefix. A user is known by `user_key`, a hash. All times are the database's own.

-- Which sessions a user has. There need be no record yet, and it may have ended.
CREATE TABLE {p}_users (
  user_key bytea NOT NULL,
  session bytea NOT NULL,
  joined timestamptz NOT NULL,
  PRIMARY KEY (user_key, session)
);

-- When all sessions of a user were ended.
CREATE TABLE {p}_user_ends (
  user_key bytea PRIMARY KEY,
  ended timestamptz NOT NULL
);
