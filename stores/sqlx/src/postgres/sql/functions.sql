-- Each operation that decides before it writes is one function, so that it is atomic, and one round trip.

-- One operation of a session at a time. The lock is none of a row: that would be a write to the disk for every lease.
-- What comes after it in a function sees what the one before has committed, but for any other isolation.
CREATE OR REPLACE FUNCTION {p}_lock(_lock bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the isolation must be "read committed"' USING ERRCODE = '25001';
  END IF;
  PERFORM pg_advisory_xact_lock(_lock);
END $$;

-- Whether it was created.
CREATE OR REPLACE FUNCTION {p}_create(
  _lock bigint, _key bytea, _now timestamptz, _deadline timestamptz, _unconfirmed boolean, _names text[], _values text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM {p}_lock(_lock);
  DELETE FROM {p}_sessions WHERE key = _key AND deadline <= _now;
  INSERT INTO {p}_sessions (key, deadline, unconfirmed) VALUES (_key, _deadline, _unconfirmed) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM {p}_leases WHERE session = _key;
  INSERT INTO {p}_fields (session, field, value)
    SELECT _key, name, value::json FROM unnest(_names, _values) AS given (name, value);
  RETURN true;
END $$;

-- The outcome is `held`, with the record; `refused`, with the lease as it is; or `gone`.
CREATE OR REPLACE FUNCTION {p}_acquire(
  _lock bigint, _key bytea, _now timestamptz, _token uuid, _node uuid, _over uuid, _over_renewal bigint,
  OUT outcome text, OUT token uuid, OUT renewal bigint,
  OUT deadline timestamptz, OUT unconfirmed boolean, OUT latest uuid, OUT names text[], OUT "values" text[]
) LANGUAGE plpgsql AS $$
DECLARE
  _lease {p}_leases;
BEGIN
  PERFORM {p}_lock(_lock);
  SELECT s.deadline, s.unconfirmed, s.applied[1] INTO deadline, unconfirmed, latest
    FROM {p}_sessions s WHERE s.key = _key AND s.deadline > _now AND s.retired_by IS NULL;
  IF NOT FOUND THEN
    outcome := 'gone';
    RETURN;
  END IF;
  SELECT * INTO _lease FROM {p}_leases l WHERE l.session = _key;

  IF _lease.token <> _token
    AND (_lease.token IS DISTINCT FROM _over OR _lease.renewal IS DISTINCT FROM _over_renewal)
  THEN
    IF NOT _token = ANY (_lease.waiting) THEN
      UPDATE {p}_leases l SET waiting = l.waiting || _token, nodes = l.nodes || _node WHERE l.session = _key;
    END IF;
    outcome := 'refused';
    token := _lease.token;
    renewal := _lease.renewal;
    RETURN;
  END IF;

  IF _lease.session IS NULL THEN
    INSERT INTO {p}_leases VALUES (_key, _token, 0, true, '{}', '{}');
  ELSE
    _lease := {p}_without(_lease, _token);
    UPDATE {p}_leases l SET
      token = _token,
      renewal = CASE WHEN l.token = _token THEN coalesce(l.renewal, 0) ELSE 0 END,
      alone = true,
      waiting = _lease.waiting,
      nodes = _lease.nodes
      WHERE l.session = _key;
  END IF;
  SELECT array_agg(f.field), array_agg(f.value::text) INTO names, "values" FROM {p}_fields f WHERE f.session = _key;
  outcome := 'held';
END $$;

-- A lease, and in its line no such token.
CREATE OR REPLACE FUNCTION {p}_without(_lease {p}_leases, _token uuid) RETURNS {p}_leases LANGUAGE plpgsql AS $$
DECLARE
  _place int := array_position(_lease.waiting, _token);
BEGIN
  IF _place IS NOT NULL THEN
    _lease.waiting := _lease.waiting[:_place - 1] || _lease.waiting[_place + 1:];
    _lease.nodes := _lease.nodes[:_place - 1] || _lease.nodes[_place + 1:];
  END IF;
  RETURN _lease;
END $$;

-- Gives up the lease, an offer of it, or a place in the line. The first in line gets the offer, and its node is told.
CREATE OR REPLACE FUNCTION {p}_give_up(_lease {p}_leases, _token uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  _held boolean := _lease.token = _token;
  _node uuid;
BEGIN
  IF NOT _held AND NOT _token = ANY (_lease.waiting) THEN
    RETURN;
  END IF;
  _lease := {p}_without(_lease, _token);
  IF _held THEN
    _node := _lease.nodes[1];
    _lease.token := _lease.waiting[1];
    _lease.renewal := NULL;
    _lease.waiting := _lease.waiting[2:];
    _lease.nodes := _lease.nodes[2:];
  END IF;
  UPDATE {p}_leases SET token = _lease.token, renewal = _lease.renewal, waiting = _lease.waiting, nodes = _lease.nodes
    WHERE session = _lease.session;
  IF _node IS NOT NULL THEN
    PERFORM pg_notify('{p}_' || replace(_node::text, '-', ''), 'offered ' || encode(_lease.session, 'hex'));
  END IF;
END $$;

CREATE OR REPLACE FUNCTION {p}_release(_lock bigint, _key bytea, _token uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  _lease {p}_leases;
BEGIN
  PERFORM {p}_lock(_lock);
  SELECT * INTO _lease FROM {p}_leases WHERE session = _key;
  IF FOUND THEN
    PERFORM {p}_give_up(_lease, _token);
  END IF;
END $$;

-- `_then` is what becomes of the lease: `keep`, `unless` somebody waits, `release`. `_moves` is how the deadline moves:
-- `extend`, `set`, or null. Returns `gone`, `fenced`, or `applied`, with `held` and `alone` behind it where it is so.
CREATE OR REPLACE FUNCTION {p}_patch(
  _lock bigint, _key bytea, _now timestamptz, _transaction uuid, _token uuid, _then text,
  _moves text, _deadline timestamptz, _names text[], _values text[], _removed text[]
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  _applied uuid[];
  _lease {p}_leases;
  _again boolean;
  _holds boolean;
  _said text := 'applied';
BEGIN
  PERFORM {p}_lock(_lock);
  SELECT applied INTO _applied FROM {p}_sessions WHERE key = _key AND deadline > _now AND retired_by IS NULL;
  IF NOT FOUND THEN
    RETURN 'gone';
  END IF;
  SELECT * INTO _lease FROM {p}_leases WHERE session = _key;

  -- before the fence: it may be the same patch again, under a lease that is lost by now
  _again := _transaction = ANY (_applied);
  _holds := coalesce(_lease.token = _token, false);
  IF _token IS NOT NULL AND NOT _holds AND NOT _again THEN
    RETURN 'fenced';
  END IF;

  IF NOT _again AND (_moves IS NOT NULL OR _names <> '{}' OR _removed <> '{}') THEN
    UPDATE {p}_sessions SET
      applied = (_transaction || _applied)[:8],
      deadline = CASE _moves WHEN 'set' THEN _deadline WHEN 'extend' THEN greatest(deadline, _deadline) ELSE deadline END
      WHERE key = _key;
    IF NOT FOUND THEN
      -- somebody has deleted it by hand
      RETURN 'gone';
    END IF;
    IF _names <> '{}' THEN
      INSERT INTO {p}_fields (session, field, value)
        SELECT _key, name, value::json FROM unnest(_names, _values) AS given (name, value)
        ON CONFLICT (session, field) DO UPDATE SET value = excluded.value;
    END IF;
    IF _removed <> '{}' THEN
      DELETE FROM {p}_fields WHERE session = _key AND field = ANY (_removed);
    END IF;
    IF _lease.alone AND NOT _holds THEN
      UPDATE {p}_leases SET alone = false WHERE session = _key;
    END IF;
  END IF;

  IF NOT _holds THEN
    RETURN _said;
  END IF;
  IF _then = 'release' OR _then = 'unless' AND _lease.waiting <> '{}' THEN
    PERFORM {p}_give_up(_lease, _token);
  ELSE
    UPDATE {p}_leases SET renewal = coalesce(renewal, 0) + 1 WHERE session = _key;
    _said := _said || ' held';
  END IF;
  RETURN CASE WHEN _lease.alone THEN _said || ' alone' ELSE _said END;
END $$;

-- Whether it lives.
CREATE OR REPLACE FUNCTION {p}_touch(_lock bigint, _key bytea, _now timestamptz, _moves text, _deadline timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM {p}_lock(_lock);
  UPDATE {p}_sessions SET
    unconfirmed = false,
    deadline = CASE _moves WHEN 'set' THEN _deadline ELSE greatest(deadline, _deadline) END
    WHERE key = _key AND deadline > _now AND retired_by IS NULL;
  RETURN FOUND;
END $$;

-- Whether it lived. The mark of a retired one stays.
CREATE OR REPLACE FUNCTION {p}_delete(_lock bigint, _key bytea, _now timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  _deadline timestamptz;
BEGIN
  PERFORM {p}_lock(_lock);
  DELETE FROM {p}_sessions WHERE key = _key AND retired_by IS NULL RETURNING deadline INTO _deadline;
  IF FOUND THEN
    DELETE FROM {p}_leases WHERE session = _key;
  END IF;
  RETURN coalesce(_deadline > _now, false);
END $$;

-- `_seen` is the last transaction that was seen. Returns `applied`, `fenced`, `changed` or `gone`.
CREATE OR REPLACE FUNCTION {p}_retire(
  _lock bigint, _key bytea, _now timestamptz, _transaction uuid, _token uuid, _seen uuid, _until timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  _session {p}_sessions;
BEGIN
  PERFORM {p}_lock(_lock);
  SELECT * INTO _session FROM {p}_sessions WHERE key = _key;
  IF _session.retired_by = _transaction THEN
    RETURN 'applied';
  END IF;
  IF _session.key IS NULL OR _session.retired_by IS NOT NULL OR _session.deadline <= _now THEN
    RETURN 'gone';
  END IF;
  IF _token IS NOT NULL AND NOT EXISTS (SELECT FROM {p}_leases WHERE session = _key AND token = _token) THEN
    RETURN 'fenced';
  END IF;
  IF _session.applied[1] IS DISTINCT FROM _seen THEN
    RETURN 'changed';
  END IF;
  UPDATE {p}_sessions SET retired_by = _transaction, deadline = _until, unconfirmed = false, applied = '{}'
    WHERE key = _key;
  DELETE FROM {p}_fields WHERE session = _key;
  DELETE FROM {p}_leases WHERE session = _key;
  RETURN 'applied';
END $$;

-- Deletes so many at most of what ended before then, and says how many.
CREATE OR REPLACE FUNCTION {p}_purge(_before timestamptz, _most int) RETURNS bigint LANGUAGE sql AS $$
  WITH ended AS (
    SELECT key FROM {p}_sessions WHERE deadline <= _before ORDER BY deadline LIMIT _most FOR UPDATE SKIP LOCKED
  ), deleted AS (
    DELETE FROM {p}_sessions WHERE key IN (SELECT key FROM ended) RETURNING key
  ), freed AS (
    DELETE FROM {p}_leases WHERE session IN (SELECT key FROM deleted)
  )
  SELECT count(*) FROM deleted
$$;
