-- Leases units of one account to one gateway: from its burst (GCRA) and from every quota (moving window).
--
-- KEYS: the burst's moment, then one hash {grain: units} for each quota.
-- ARGV: cost, want, gateways, burst interval and burst units, units that were used while this server was
--       away, then units, window and grain of each quota. Times are microseconds on the server's clock.
-- Answers: units granted (0 when `cost` does not fit), then for each policy: units left, seconds until
--          more come back, microseconds until `cost` fits; then for each quota the grain that was charged.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local cost, want, gateways = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local interval, burst, debt = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local backlog = empty_at - now
local room = math.floor((interval * burst - backlog) / interval + 0.000001)
local need = math.min(cost, burst)
local free = room
local fits = room >= need
local policies = {{room, math.ceil(backlog / 1000000), fits and 0 or backlog + interval * (need - burst)}}
local grains = {}

for i = 2, #KEYS do
  local units, window, grain = tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2]), tonumber(ARGV[i * 3 + 3])
  if debt > 0 then
    redis.call('HINCRBY', KEYS[i], string.format('%.0f', math.floor(now / grain)), debt)
    redis.call('PEXPIRE', KEYS[i], math.ceil((window + 2 * grain) / 1000))
  end
  local flat = redis.call('HGETALL', KEYS[i])
  local used, kept = 0, {}
  for j = 1, #flat, 2 do
    local number, count = tonumber(flat[j]), tonumber(flat[j + 1])
    if (number + 1) * grain + window <= now then
      redis.call('HDEL', KEYS[i], flat[j])
    elseif count > 0 then
      used = used + count
      kept[#kept + 1] = {number, count}
    end
  end
  table.sort(kept, function(a, b) return a[1] < b[1] end)
  local left, wait, back = units - used, 0, 0
  local missing = math.min(cost, units) - left
  if #kept > 0 then back = math.ceil(((kept[1][1] + 1) * grain + window - now) / 1000000) end
  if missing > 0 then
    fits = false
    for _, entry in ipairs(kept) do
      missing = missing - entry[2]
      if missing <= 0 then wait = (entry[1] + 1) * grain + window - now; break end
    end
  end
  free = math.min(free, left)
  policies[#policies + 1] = {left, back, wait}
  grains[#grains + 1] = math.floor(now / grain)
end

-- The last units are leased one by one, so that none lie idle at one gateway while another one refuses.
local granted = 0
if fits then
  granted = math.max(cost, math.min(want, math.floor(free / (2 * gateways))))
  local taken = math.min(granted, burst)
  local new = empty_at + interval * taken
  redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', math.ceil((new - now) / 1000) + 1)
  policies[1][1] = room - taken
  policies[1][2] = math.ceil((new - now) / 1000000)
  for i = 2, #KEYS do
    local units, window, grain = tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2]), tonumber(ARGV[i * 3 + 3])
    taken = math.min(granted, units)
    redis.call('HINCRBY', KEYS[i], string.format('%.0f', grains[i - 1]), taken)
    redis.call('PEXPIRE', KEYS[i], math.ceil((window + 2 * grain) / 1000))
    policies[i][1] = policies[i][1] - taken
    if policies[i][2] == 0 then policies[i][2] = math.ceil(((grains[i - 1] + 1) * grain + window - now) / 1000000) end
  end
end

local answer = {granted}
for _, policy in ipairs(policies) do
  answer[#answer + 1] = policy[1]
  answer[#answer + 1] = policy[2]
  answer[#answer + 1] = math.ceil(policy[3])
end
for _, grain in ipairs(grains) do answer[#answer + 1] = grain end
return answer
