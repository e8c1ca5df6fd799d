local requests, at = {}, 0
function init(args)
  for line in io.lines("@CLIENTS@") do
    local headers = { ["Authorization"] = "Basic " .. line, ["Host"] = wrk.host,
                      ["Content-Type"] = "application/x-www-form-urlencoded" }
    requests[#requests + 1] = wrk.format("POST", "@PATH@", headers, "grant_type=client_credentials")
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  if failed > 0 then io.stderr:write(string.format("status %d connect %d read %d timeout %d\n", summary.errors.status, summary.errors.connect, summary.errors.read, summary.errors.timeout)) end
  io.write(string.format("RESULT %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99), failed))
end
