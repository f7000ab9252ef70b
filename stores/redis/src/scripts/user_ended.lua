-- Returns the microseconds since then, or nothing.
local ended = redis.call('GET', KEYS[1])
if not ended then return false end
if not tonumber(ended) then return redis.error_reply('CORRUPT the end of a user is no time') end
return clock() - ended
