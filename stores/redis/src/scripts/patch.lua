-- ARGV: now, transaction, whether it changes anything (1 or 0), the fence's token or '',
-- what becomes of the lease ('keep', 'unless' somebody waits, 'release'), the deadline's move ('extend', 'set' or ''),
-- deadline, time to live, how many arguments set, these (key and value in turn), then the keys to remove.
-- Returns 'fenced', 'gone' or 'applied', with 'alone' and 'held' behind that where it is so.
local key, now, transaction, token = KEYS[1], ARGV[1], ARGV[2], ARGV[4]
local known = redis.call('HMGET', key, '@d', '@x', '@t', '@n', '@w', '@a')
local deadline, done, holder, renewal, line = known[1], known[2] or '', known[3], known[4], known[5] or ''
if not deadline or deadline <= now then return 'gone' end

-- before the fence: it may be the same patch again, under a lease that is lost by now
local again = string.find(done, transaction, 1, true)
local holds = token ~= '' and holder == token
if token ~= '' and not holds and not again then return 'fenced' end
-- before anything is written
if renewal and renewal ~= '' and not tonumber(renewal) then return redis.error_reply('CORRUPT the renewal is no number') end

local applied = known[6] == '1' and 'applied alone' or 'applied'
local renewed = false
local releases = holds and (ARGV[5] == 'release' or ARGV[5] == 'unless' and line ~= '')

if again then
  -- a write after the one that counts, so that a WAIT on this connection waits for that one, too; removing comes
  -- first, for it is allowed also when the memory is full, and then the rest is, too
  redis.call('HDEL', key, '@')
  redis.call('HSET', key, '@x', done)
elseif ARGV[3] == '1' then
  local sets = 9 + ARGV[9]
  -- in one call, for calls are what a script costs
  local known = string.sub(transaction .. ' ' .. done, 1, 8 * (#transaction + 1))
  local last = math.min(1009, sets)
  if releases and line == '' then
    redis.call('HSET', key, '@x', known, '@t', '', '@n', '', unpack(ARGV, 10, last))
  elseif holds and not releases then
    redis.call('HSET', key, '@x', known, '@n', string.format('%.0f', (tonumber(renewal) or 0) + 1), unpack(ARGV, 10, last))
    renewed = true
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
  if holder and holder ~= '' and not holds then redis.call('HSET', key, '@a', '0') end
  if releases and line == '' then return applied end
end

if not holds then return 'applied' end
if releases then
  offer(key, without(line, token))
  return applied
end
if not renewed then redis.call('HINCRBY', key, '@n', 1) end
return applied .. ' held'
