-- ARGV: token, beginning of the nodes' channels, message.
local key, token = KEYS[1], ARGV[1]
local known = redis.call('HMGET', key, '@t', '@w')
local line = known[2] or ''
local rest = without(line, token)
if known[1] == token then
  offer(key, rest, ARGV[2], ARGV[3])
elseif rest ~= line then
  redis.call('HSET', key, '@w', rest)
end
return 1
