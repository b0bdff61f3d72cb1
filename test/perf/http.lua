-- SPDX-License-Identifier: BSD-3-Clause
-- For wrk: sends the requests of a file (requests.py has its format), and prints what came of it as JSON.
--   wrk -s http.lua http://HOST:PORT -- FILE

local requests = {}
local at = 0

local function u32(text, from)
	local a, b, c, d = text:byte(from, from + 3)
	return a + b * 256 + c * 65536 + d * 16777216
end

function init(args)
	local file = assert(io.open(args[1], "rb"))
	local all = file:read("*a")
	file:close()
	assert(all:sub(1, 8) == "REQS0001", "no file of requests")
	local from = 13
	for _ = 1, u32(all, 9) do
		local len = u32(all, from)
		requests[#requests + 1] = all:sub(from + 8, from + 7 + len)
		from = from + 8 + len
	end
end

function request()
	at = at % #requests + 1
	return requests[at]
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format(
		'\n{"requests":%d,"seconds":%.6f,"refused":%d,"errors":%d,"p50_us":%.0f,"p99_us":%.0f}\n',
		summary.requests, summary.duration / 1e6, e.status, e.connect + e.read + e.write + e.timeout,
		latency:percentile(50), latency:percentile(99)))
end
