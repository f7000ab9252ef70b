-- In front of the scripts that need the time, for which no node's clock will do.
--
-- The sessions of a user are a sorted set: who joined, and when. That all of them were ended is a text: when.

-- Microseconds since 1970, which fit into Lua's numbers.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

