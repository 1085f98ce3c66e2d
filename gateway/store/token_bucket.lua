-- Takes tokens from one or several buckets: from all of them, or from none. Or refunds them.
--
-- KEYS[i] is a bucket. ARGV begins with "take" or "refund"; then it has a word for each bucket: its
-- kind, a letter, and five numbers, as struct.unpack() has doubles, the lowest byte first.
--
--   r  rate   n, cost, its part, capacity, its part     (see "Rates")
--   q  quota  most, cost, length, older, receipt        (see "Quotas")
--
-- Returns 1 (granted) or 0, then for each bucket, as it is after the call,
--
--   rate   its debt, and the debt's part
--   quota  what is used, microseconds until `cost` is there, microseconds until all is there, and
--          the slice in which it was taken: the receipt of a refund

local is_refund = ARGV[1] == 'refund'
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- Rates. The value of a bucket is the time at which it will be full again, by this server's clock; a
-- bucket that is full has no key. The distance from now to that time is the bucket's debt: what is
-- missing from it, as the time in which it flows in. A withdrawal adds its cost to the debt, which
-- may not exceed the capacity; a refund ends at a full bucket.
--
-- A time is a pair of whole microseconds and a part of one, in n-ths, where n is the number of tokens
-- that flow in during a period. So every cost is exact, and since numbers are only added, subtracted
-- and compared, each stays a whole number below 2^53, as far as Lua's doubles count without gaps.

local rate = {}

local function exceeds(time, part, limit, limit_part)
  return time > limit or (time == limit and part > limit_part)
end

function rate.look(bucket, n, cost, cost_part, capacity, capacity_part)
  local debt, part = 0, 0
  local full_at = redis.call('GET', bucket.key)
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
  bucket.debt, bucket.part = debt, part

  if is_refund then
    debt, part = debt - cost, part - cost_part
    if part < 0 then
      debt, part = debt - 1, part + n
    end
    if debt < 0 then
      debt, part = 0, 0
    end
  else
    debt, part = debt + cost, part + cost_part
    if part >= n then
      debt, part = debt + 1, part - n
    end
  end
  bucket.debt_after, bucket.part_after = debt, part
  return is_refund or not exceeds(debt, part, capacity, capacity_part)
end

function rate.take(bucket)
  local debt, part = bucket.debt_after, bucket.part_after
  if debt == 0 and part == 0 then
    redis.call('DEL', bucket.key)
  else
    -- tostring() would round to 14 digits.
    local full_at = string.format('%.0f:%.0f', now + debt, part)
    redis.call('SET', bucket.key, full_at, 'PX', string.format('%.0f', math.floor(debt / 1000) + 1))
  end
  bucket.debt, bucket.part = debt, part
end

function rate.say(bucket, reply)
  reply[#reply + 1] = bucket.debt
  reply[#reply + 1] = bucket.part
end

-- Quotas. At most `most` tokens are taken in any period. Time is cut into slices of `length`
-- microseconds (0: months), and what was taken in the present slice and in the `older` ones before it
-- counts: for a rolling period those that touch it, for a calendar one the present slice alone.
--
-- The value is a hash: "sum" of what counts, the "first" and the "last" slice in which anything may
-- have been taken, and by the number of each slice what was. Slices that count no longer are
-- subtracted from the sum when time has passed them, each once; so a withdrawal reads four fields.

local quota = {}
local day = 86400000000

-- Months since January 1970 of a time, and back. A year that begins in March ends with its leap day.
local function month_of(time)
  local since = math.floor(time / day) + 719468 -- days since 1 March of the year 0
  local era = math.floor(since / 146097) -- of 400 years
  local days = since - era * 146097
  local year = math.floor(
    (days - math.floor(days / 1460) + math.floor(days / 36524) - math.floor(days / 146096)) / 365)
  days = days - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  return (year + era * 400 - 1970) * 12 + math.floor((5 * days + 2) / 153) + 2
end

local function start_of_month(month)
  local year = math.floor((month - 2) / 12) + 1970
  local days = math.floor((153 * ((month - 2) % 12) + 2) / 5)
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return (365 * year + leap_days + days - 719468) * day
end

local function slice_of_now(length)
  return length == 0 and month_of(now) or math.floor(now / length)
end

-- When what was taken in a slice counts no longer.
local function over(bucket, slice)
  if bucket.length == 0 then
    return start_of_month(slice + 1)
  end
  return (slice + 1 + bucket.older) * bucket.length
end

-- What was taken in the slices from `first` to `last`.
local function counts(key, first, last)
  local slices = {}
  for slice = first, last do
    slices[#slices + 1] = string.format('%.0f', slice)
  end
  return redis.call('HMGET', key, unpack(slices)), slices
end

local function save(bucket, count)
  redis.call('HSET', bucket.key, 'sum', bucket.sum, 'first', bucket.first, 'last', bucket.last,
    string.format('%.0f', bucket.last), count)
end

local function expire(bucket)
  redis.call('PEXPIRE', bucket.key,
    string.format('%.0f', math.ceil((over(bucket, bucket.last) - now) / 1000) + 1))
end

local function forget_until(bucket, slice)
  if bucket.last < slice then
    redis.call('DEL', bucket.key)
    bucket.sum, bucket.first, bucket.last, bucket.count = 0, bucket.slice, bucket.slice, 0
  elseif bucket.first < slice then
    local gone, names = counts(bucket.key, bucket.first, slice - 1)
    for i = 1, #names do
      bucket.sum = bucket.sum - (tonumber(gone[i]) or 0)
    end
    bucket.first = slice
    redis.call('HDEL', bucket.key, unpack(names))
    redis.call('HSET', bucket.key, 'sum', bucket.sum, 'first', bucket.first)
  end
end

function quota.look(bucket, most, cost, length, older, receipt)
  local slice = slice_of_now(length)
  bucket.slice, bucket.most, bucket.cost = slice, most, cost
  bucket.length, bucket.older, bucket.receipt = length, older, receipt

  local stored = redis.call('HMGET', bucket.key, 'sum', 'first', 'last', string.format('%.0f', slice))
  bucket.is_new = not stored[1]
  bucket.sum = tonumber(stored[1]) or 0
  bucket.first = tonumber(stored[2]) or slice
  bucket.last = tonumber(stored[3]) or slice
  bucket.count = tonumber(stored[4]) or 0

  if bucket.last > slice then -- the clock went back: it counts as if it was taken now
    redis.call('DEL', bucket.key)
    bucket.first, bucket.last, bucket.count = slice, slice, bucket.sum
    save(bucket, bucket.sum)
    expire(bucket)
  end
  forget_until(bucket, slice - older)
  return is_refund or bucket.sum + cost <= most
end

function quota.take(bucket)
  if is_refund then
    local slice = string.format('%.0f', bucket.receipt)
    local back = math.min(bucket.cost, tonumber(redis.call('HGET', bucket.key, slice)) or 0)
    if back > 0 then
      redis.call('HINCRBY', bucket.key, slice, -back)
      redis.call('HINCRBY', bucket.key, 'sum', -back)
      bucket.sum = bucket.sum - back
    end
    return
  end
  local is_first_of_slice = bucket.is_new or bucket.last ~= bucket.slice or bucket.count == 0
  bucket.sum, bucket.last = bucket.sum + bucket.cost, bucket.slice
  save(bucket, bucket.count + bucket.cost)
  if is_first_of_slice then
    expire(bucket)
  end
end

-- When so many of the tokens that are used have come back.
local function back_at(bucket, tokens)
  local taken, slices = counts(bucket.key, bucket.first, bucket.last)
  for i = 1, #slices do
    tokens = tokens - (tonumber(taken[i]) or 0)
    if tokens <= 0 then
      return over(bucket, bucket.first + i - 1)
    end
  end
  return over(bucket, bucket.last)
end

function quota.say(bucket, reply, granted)
  local retry, reset = 0, 0
  if bucket.sum > 0 then
    reset = over(bucket, bucket.last) - now
    local lacking = bucket.sum + bucket.cost - bucket.most
    if not granted and lacking > 0 then
      retry = back_at(bucket, math.min(lacking, bucket.sum)) - now
    end
  end
  reply[#reply + 1] = bucket.sum
  reply[#reply + 1] = retry
  reply[#reply + 1] = reset
  reply[#reply + 1] = bucket.slice
end

local kinds = {r = rate, q = quota}
local granted = true
local buckets = {}

for i, key in ipairs(KEYS) do
  local kind, a, b, c, d, e = struct.unpack('<c1ddddd', ARGV[i + 1])
  local bucket = {key = key, kind = kinds[kind]}
  buckets[i] = bucket
  granted = bucket.kind.look(bucket, a, b, c, d, e) and granted
end

local reply = {granted and 1 or 0}
for _, bucket in ipairs(buckets) do
  if granted then
    bucket.kind.take(bucket)
  end
  bucket.kind.say(bucket, reply, granted)
end
return reply
