-- ARGV: now, transaction, whether it changes anything (1 or 0), the fence's token or '',
-- what becomes of the lease ('keep', 'unless' somebody waits, 'release'), the deadline's move ('extend', 'set' or ''),
-- deadline, time to live, how many arguments set, these (key and value in turn), then the keys to remove.
-- Returns 'fenced', 'gone' or 'applied', with 'alone' and 'held' behind that where it is so.
local key, now, transaction, token = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
local known = redis.call('HMGET', key, '@d', '@x', '@t', '@w', '@a')
local deadline, done, holder, line = known[1], known[2] or '', known[3] or '', known[4] or ''
if not deadline or deadline <= now then return 'gone' end

-- before the fence: it may be the same patch again, under a lease that is lost by now
local again = string.find(done, transaction, 1, true)
local holds = token ~= '' and holder == token
if token ~= '' and not holds and not again then return 'fenced' end

local applied = known[5] == '1' and 'applied alone' or 'applied'
local releases = holds and (ARGV[5] == 'release' or ARGV[5] == 'unless' and line ~= '')
local changes = ARGV[3] == '1' and not again
local disturbs = changes and holder ~= '' and not holds
local renewal = (disturbs or holds and not changes) and redis.call('HGET', key, '@n')
-- before anything is written
if renewal and not tonumber(renewal) then return redis.error_reply('CORRUPT the renewal is no number') end

if again then
  -- a write after the one that counts, so that a WAIT on this connection waits for that one, too; removing comes
  -- first, for it is allowed also when the memory is full, and then the rest is, too
  redis.call('HDEL', key, '@')
  redis.call('HSET', key, '@x', done)
elseif changes then
  local sets = 9 + ARGV[9]
  -- in one call, for calls are what a script costs
  local last = math.min(1009, sets)
  local known = string.sub(transaction .. done, 1, 8 * #transaction)
  if releases and line == '' then
    redis.call('HSET', key, '@x', known, '@t', '', '@n', '', unpack(ARGV, 10, last))
  else
    redis.call('HSET', key, '@x', known, unpack(ARGV, 10, last))
  end
  -- `unpack` cannot do more than some thousand at once
  for from = 1010, sets, 1000 do
    redis.call('HSET', key, unpack(ARGV, from, math.min(from + 999, sets)))
  end
  for from = sets + 1, #ARGV, 1000 do
    redis.call('HDEL', key, unpack(ARGV, from, math.min(from + 999, #ARGV)))
  end
  if ARGV[6] == 'set' or ARGV[6] == 'extend' and ARGV[7] > deadline then
    redis.call('HSET', key, '@d', ARGV[7])
    redis.call('PEXPIRE', key, ARGV[8])
  end
  if disturbs then redis.call('HSET', key, '@a', '0') end
  if disturbs and renewal then
    -- the pulse is the holder's: this is no beat of it
    local less = 0
    for at = 1, 6 do less = less * 256 + (string.byte(done, at) or 0) - string.byte(transaction, at) end
    redis.call('HINCRBY', key, '@n', less)
  end
  -- what its holder saves is a beat of the pulse
  if holds and not releases then return applied .. ' held' end
  if releases and line == '' then return applied end
end

if not holds then return 'applied' end
if not releases then
  redis.call('HINCRBY', key, '@n', 1)
  return applied .. ' held'
end
