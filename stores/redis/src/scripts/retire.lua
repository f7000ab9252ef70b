-- ARGV: now, transaction, token or '', the last transaction that was seen or '', until when the mark is seen, its time
-- to live.
-- Returns 'applied', 'fenced', 'changed' or 'gone'.
local key, now, transaction, token = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', key, '@d', '@t', '@r', '@x')
local deadline, holder, retired, done = known[1], known[2], known[3], known[4] or ''
if retired then
  if retired ~= transaction then return 'gone' end
  -- a write after the one that counts, so that a WAIT on this connection waits for that one, too
  redis.call('HSET', key, '@r', transaction)
  return 'applied'
end
if not deadline or deadline <= now then return 'gone' end
if token ~= '' and holder ~= token then return 'fenced' end
if (string.match(done, '^%x+') or '') ~= ARGV[4] then return 'changed' end
redis.call('DEL', key)
redis.call('HSET', key, '@r', transaction, '@e', ARGV[5])
redis.call('PEXPIRE', key, ARGV[6])
return 'applied'
