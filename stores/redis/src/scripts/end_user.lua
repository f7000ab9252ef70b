-- ARGV: time to live. Returns 1.
-- removing comes first, for it is allowed also when the memory is full, and then the rest is, too
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], string.format('%.0f', clock()), 'PX', ARGV[1])
return 1
