-- wrk: signs in with the right password, again and again; counts those who were let in.
local all = {}
function setup(thread) table.insert(all, thread) end
function init(args) ok, refused, other = 0, 0, 0 end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"email":"bench@example.com","password":"correct horse battery"}'
function response(status)
  if status == 200 then ok = ok + 1 elseif status == 503 then refused = refused + 1 else other = other + 1 end
end
function done(summary)
  local ok, refused, other = 0, 0, 0
  for _, thread in ipairs(all) do
    ok, refused, other = ok + thread:get("ok"), refused + thread:get("refused"), other + thread:get("other")
  end
  print(string.format("Signed in: %.1f/s, refused: %.1f/s, other: %d", ok / summary.duration * 1e6, refused / summary.duration * 1e6, other))
end
