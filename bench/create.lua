-- wrk: creates customers, each with an e-mail address of its own.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  made, tag = 0, args[1]
  headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. args[2] }
end
function request()
  made = made + 1
  local body = string.format(
    '{"name":"Customer %d","email":"c%d-%d-%s@example.com","phone":"+491701234567","company":"ACME","tags":["a","b"],"address":{"line1":"Main Street 1","city":"Berlin","postalCode":"10115","country":"DE"},"metadata":{"source":"bench"}}',
    made, number, made, tag)
  return wrk.format("POST", nil, headers, body)
end
