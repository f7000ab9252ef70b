-- ARGV: session, time to live. Returns 1.
redis.call('ZADD', KEYS[1], 'NX', clock(), ARGV[1])
-- it is a write whoever was there already, so that a WAIT on this connection waits for the one that counts, too
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
