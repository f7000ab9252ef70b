-- In front of the scripts that know the line of those who wait for a lease.
--
-- A session is one hash: `=<key>` is a field's JSON text, and what begins with `@` is bookkeeping.
--   @d deadline        @u unconfirmed      @x the last transactions, "<transaction> " each, the newest first
--   @t the lease's token, or ''            @n its renewal, missing or '' while it is only offered
--   @a 0 if somebody else has written since it was acquired
--   @w the line, "<token>/<node> " each    @r, @e retired: by this transaction, until then
-- Times are decimal numbers of one length, which compare as texts: as numbers they do not fit into Lua's.

-- The line without one of those who wait.
local function without(line, token)
  if line == '' then return line end
  local from, to = string.find(line, token .. '/%x+ ')
  if not from then return line end
  return string.sub(line, 1, from - 1) .. string.sub(line, to + 1)
end

-- Gives up the lease: it is offered to the first in line, whose node is told, on its own channel.
local function offer(key, line)
  local token, node = string.match(line, '^(%x+)/(%x+) ')
  -- removing comes first, for it is allowed also when the memory is full, and then the rest is, too
  if not token then
    redis.call('HDEL', key, '@t', '@n', '@w')
    return
  end
  redis.call('HDEL', key, '@n')
  redis.call('HSET', key, '@t', token, '@w', without(line, token))
  -- a message that is lost costs a pause: no reason to fail after all has been written
  local prefix, session = string.match(key, '^(.*){(%x+)}$')
  redis.pcall('PUBLISH', prefix .. 'node:' .. node, 'offered ' .. session)
end

