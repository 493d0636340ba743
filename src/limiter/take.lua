-- KEYS[2]: a bucket: when it is full again, as seconds and nanoseconds since 1970, if it is not full already.
-- ARGV[5]: the time in which one request comes back, ARGV[6]: how far ahead the bucket may be full and still let one in,
-- both in nanoseconds. ARGV[7], ARGV[8]: the time, seconds and nanoseconds; empty: by Redis's own clock.
-- Answers whether the request is let in, and for how long the bucket is not full then, or how long to wait: nanoseconds.

-- Times are two numbers, and differences small: nanoseconds since 1970 are more than a number of Lua can hold exactly.
local interval, tolerance = tonumber(ARGV[5]), tonumber(ARGV[6])
local seconds, nanos = tonumber(ARGV[7]), tonumber(ARGV[8])
if not seconds then
  local time = redis.call('TIME')
  seconds, nanos = tonumber(time[1]), tonumber(time[2]) * 1000
end

local ahead = 0
local bucket = redis.call('GET', KEYS[2])
if bucket then
  local full_seconds, full_nanos = string.match(bucket, '^(%d+) (%d+)$')
  ahead = (full_seconds - seconds) * 1e9 + (full_nanos - nanos)
  -- More than an empty bucket is a clock that was set back.
  ahead = math.max(0, math.min(ahead, tolerance + interval))
end
if ahead > tolerance then
  return { { 0, ahead - tolerance }, news() }
end

ahead = ahead + interval
local full = nanos + ahead
local full_at = string.format('%d %d', seconds + math.floor(full / 1e9), full % 1e9)
-- A clock that is not Redis's own may stand still while keys expire.
local kept_for = ARGV[7] == '' and math.ceil(ahead / 1e6) or 3600000
redis.call('SET', KEYS[2], full_at, 'PX', kept_for)
return { { 1, ahead }, news() }
