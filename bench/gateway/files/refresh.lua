local token = "@TOKEN@"
local headers = { ["Host"] = wrk.host, ["Content-Type"] = "application/x-www-form-urlencoded" }
function request()
  local form = "grant_type=refresh_token&client_id=@CLIENT@&refresh_token=" .. token
  return wrk.format("POST", "/oauth/token", headers, form)
end
function response(status, fields, body)
  token = body:match('"refresh_token": ?"([^"]+)"') or token
end
function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99), failed))
end
