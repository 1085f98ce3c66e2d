-- Takes tokens from one or several buckets: from all of them, or from none.
--
-- KEYS[i] is a bucket. Its value is the time at which it will be full again, by this server's clock;
-- a bucket that is full has no key. The distance from now to that time is the bucket's debt: what is
-- missing from it, as the time in which it flows in. A withdrawal adds its cost to the debt, which
-- may not exceed the capacity. A negative cost is a refund; it ends at a full bucket.
--
-- A time is a pair of whole microseconds and a part of one, in n-ths, where n is the number of tokens
-- that flow in during a period. So every cost is exact, and since numbers are only added, subtracted
-- and compared, each stays a whole number below 2^53, as far as Lua's doubles count without gaps.
--
-- ARGV has five numbers for each bucket: n, cost, its part, capacity, its part.
-- Returns 1 (granted) or 0, then for each bucket its debt after the call, and its part.

local function exceeds(time, part, limit, limit_part)
  return time > limit or (time == limit and part > limit_part)
end

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local granted = true
local before, after = {}, {}

for i, key in ipairs(KEYS) do
  local arg = {}
  for k = 1, 5 do
    arg[k] = tonumber(ARGV[5 * (i - 1) + k])
  end
  local n, cost, cost_part, capacity, capacity_part = unpack(arg)

  local debt, part = 0, 0
  local full_at = redis.call('GET', key)
  if full_at then
    local colon = string.find(full_at, ':', 1, true)
    debt = tonumber(string.sub(full_at, 1, colon - 1)) - now
    part = tonumber(string.sub(full_at, colon + 1))
    if part >= n then -- n-ths of another n: the rule was changed
      debt, part = debt + 1, 0
    end
    if debt < 0 then
      debt, part = 0, 0
    elseif exceeds(debt, part, capacity, capacity_part) then -- a smaller bucket now, or the clock went back
      debt, part = capacity, capacity_part
    end
  end
  before[i] = {debt, part}

  debt, part = debt + cost, part + cost_part
  if part >= n then
    debt, part = debt + 1, part - n
  end
  if debt < 0 then
    debt, part = 0, 0
  elseif exceeds(debt, part, capacity, capacity_part) then
    granted = false
  end
  after[i] = {debt, part}
end

if granted then
  for i, key in ipairs(KEYS) do
    local debt, part = unpack(after[i])
    if debt == 0 and part == 0 then
      redis.call('DEL', key)
    else
      -- tostring() would round to 14 digits.
      local full_at = string.format('%.0f:%.0f', now + debt, part)
      redis.call('SET', key, full_at, 'PX', string.format('%.0f', math.floor(debt / 1000) + 1))
    end
  end
end

local reply = {granted and 1 or 0}
for _, level in ipairs(granted and after or before) do
  reply[#reply + 1] = level[1]
  reply[#reply + 1] = level[2]
end
return reply
