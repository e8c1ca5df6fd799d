-- Requests with each token in turn: the same ones again and again, or, where DIFFERENT is 1, no two of them alike.
local requests, tokens, at = {}, {}, 0
local upload = @UPLOAD@ > 0 and string.rep("x", @UPLOAD@) or nil
local function made(token, query, more)
  local headers = { ["Authorization"] = "Bearer " .. token, ["Host"] = wrk.host }
  for name, value in pairs(more or {}) do headers[name] = value end
  return wrk.format(upload and "POST" or "GET", "@PATH@" .. query, headers, upload)
end
function init(args)
  for token in io.lines("@TOKENS@") do
    tokens[#tokens + 1] = token
    if #tokens <= (upload and 10 or 10000) then
      requests[#requests + 1] = made(token, "", upload and { ["Idempotency-Key"] = "k", ["Content-Type"] = "application/json" })
    end
  end
end
function request()
  at = at + 1
  if @DIFFERENT@ == 1 then
    local trace = string.format("00-%032x-%016x-00", at, at)
    return made(tokens[at % #tokens + 1], "?cursor=" .. at, { ["Traceparent"] = trace })
  end
  return requests[at % #requests + 1]
end
function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99), failed))
end
