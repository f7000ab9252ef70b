-- Returns each session, and the microseconds since it joined, in turn.
local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local now = clock()
for at = 2, #members, 2 do members[at] = now - members[at] end
return members
