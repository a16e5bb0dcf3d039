-- For wrk: each request with the cookie of the next line of a file.
local cookies, last = {}, 0

function init(args)
  for line in io.lines(args[1]) do cookies[#cookies + 1] = line end
end

function request()
  last = last % #cookies + 1
  wrk.headers['Cookie'] = cookies[last]
  return wrk.format()
end
