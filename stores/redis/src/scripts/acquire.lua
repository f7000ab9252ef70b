-- ARGV: now, token, node, and the token and the renewal ('' while offered) of the lease to take over, or two ''.
-- Returns 'held', {token, renewal or ''} of who has it, or 'gone'. The hash is asked for right behind this: that costs a
-- tenth of what it costs to bring it through here.
local key, now, token, node = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', key, '@d', '@t', '@n', '@w')
local deadline, holder, renewal, line = known[1], known[2] or '', known[3] or '', known[4] or ''
if not deadline or deadline <= now then return 'gone' end
local rest = without(line, token)
if holder ~= '' and holder ~= token and not (holder == ARGV[4] and renewal == ARGV[5]) then
  if rest == line then redis.call('HSET', key, '@w', line .. token .. '/' .. node .. ' ') end
  return {holder, renewal}
end
if holder ~= token or renewal == '' then renewal = '0' end
redis.call('HSET', key, '@t', token, '@n', renewal, '@a', '1')
if rest ~= line then redis.call('HSET', key, '@w', rest) end
return 'held'
