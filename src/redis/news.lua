-- KEYS[1]: the log of changes. ARGV[1]: the caller's position in it. ARGV[2]: who the caller is.
-- ARGV[3]: how many entries it takes at most. ARGV[4]: how many the log keeps.

-- What was told since the caller's position: its new position, whether it has lost the thread, and what others told.
-- The entry at the position must still be there: if it is not, the log was trimmed, lost, or restored as it was before.
-- Then, or if there is more than it takes, the caller begins anew at an entry of its own.
local function news()
  local most = tonumber(ARGV[3])
  local entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', most + 1)
  if #entries == 0 or entries[1][1] ~= ARGV[1] or #entries > most then
    local begun = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'node', ARGV[2], 'changed', '')
    return { begun, 1, {} }
  end
  local told = {}
  for number = 2, #entries do
    local fields = entries[number][2]
    if fields[2] ~= ARGV[2] and fields[4] ~= '' then
      told[#told + 1] = fields[4]
    end
  end
  return { entries[#entries][1], 0, told }
end
