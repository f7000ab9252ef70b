-- ARGV: now, transaction, token or '', until when the mark is seen, its time to live.
-- Returns 'applied', 'fenced' or 'gone'.
local key, now, transaction, token = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', key, '@d', '@t', '@r')
local deadline, holder, retired = known[1], known[2], known[3]
if retired then
  if retired ~= transaction then return 'gone' end
  -- a write after the one that counts, so that a WAIT on this connection waits for that one, too
  redis.call('HSET', key, '@r', transaction)
  return 'applied'
end
if not deadline or deadline <= now then return 'gone' end
if token ~= '' and holder ~= token then return 'fenced' end
redis.call('DEL', key)
redis.call('HSET', key, '@r', transaction, '@e', ARGV[4])
redis.call('PEXPIRE', key, ARGV[5])
return 'applied'
