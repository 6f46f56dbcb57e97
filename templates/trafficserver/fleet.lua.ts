import { text } from '../../lib/index.ts'
import { entry, quoted, type TrafficServerService } from './service.lua.ts'

export interface TrafficServerLua {
  readonly services: readonly TrafficServerService[]
  /** Where this program will stand. */
  readonly path: string
  /** A folder for each service, with the state that serves. */
  readonly home: string
  /** A folder with the maintenance page of each service. */
  readonly pages: string
  /** The name under which this host itself is asked what serves, on the loopback. */
  readonly host: string
}

/**
 * Where each request to Traffic Server 9 goes. The text is the same whichever slot serves: for each request the state of
 * its service is read from a file, so a flip is a file renamed over another, and needs no reload.
 */
export const trafficServerLua = ({
  services,
  path,
  home,
  pages,
  host,
}: TrafficServerLua): string => text`-- Written by fleet; changes here are overwritten.
local HOME, PAGES, SELF = ${quoted(home)}, ${quoted(pages)}, ${quoted(host)}
local services, named = {}, {}
local function service(about)
  services[about.name] = about
  for _, name in ipairs(about.names) do named[name] = about end
end
${services.map(entry).join('\n')}

local function content(file)
  local opened = io.open(file, "rb")
  if opened == nil then return nil end
  local all = opened:read("*a")
  opened:close()
  return all
end

local version = ts.md5(content(${quoted(path)}) or "")
math.randomseed(os.time() + (tonumber(tostring({}):match("0x(%x+)"), 16) or 0) % 2147483647)
local seed, count = ts.process.uuid() .. math.random(0, 2147483646), 0

local stats = {}
local function stat(server, what)
  local name = "fleet." .. server .. "." .. what
  local known = stats[name]
  if known == nil then
    known = ts.stat_create(name, TS_LUA_RECORDDATATYPE_INT, TS_LUA_STAT_NON_PERSISTENT, TS_LUA_STAT_SYNC_SUM)
    stats[name] = known
  end
  return known
end

-- What a service's file says, read again for each request and understood again when it has changed.
local states = {}
local function state_of(about)
  local said = content(HOME .. "/" .. about.name .. "/state") or ""
  local known = states[about.name]
  if known ~= nil and known.said == said then return known end
  known = { said = said, generation = tonumber(said:match("^generation (%d+)\\n")) or 0, servers = {}, ready = {} }
  for name, at, admin in said:gmatch("(%S+) (%S+) (%a+)\\n") do
    local address, port = at:match("^(.+):(%d+)$")
    if address ~= nil then
      address = address:gsub("[%[%]]", "")
      local server = { name = name, at = at, address = address, port = tonumber(port), admin = admin }
      server.family = address:find(":", 1, true) and TS_LUA_AF_INET6 or TS_LUA_AF_INET
      server.key = about.name .. "." .. name
      table.insert(known.servers, server)
      if admin == "ready" then table.insert(known.ready, server) end
    end
  end
  states[about.name] = known
  return known
end

-- Where a connection failed, no other is made for two seconds while there is another server. Others learn of it by a
-- count, since each of the program's states has its own memory.
local failures = {}
local function rests(server)
  local now, known = stat(server.key, "failures"):get_value(), failures[server.key]
  if known == nil then
    known = { count = now, since = 0 }
    failures[server.key] = known
  elseif known.count ~= now then
    known.count, known.since = now, ts.now()
  end
  return ts.now() - known.since < 2
end
local function pick(ready)
  local good = {}
  for _, server in ipairs(ready) do
    if not rests(server) then table.insert(good, server) end
  end
  if #good == 0 then good = ready end
  return good[math.random(#good)]
end

-- Before an answer goes out, from wherever it comes.
local function said()
  local headers = ts.client_response.header
  if ts.ctx.status ~= nil then ts.client_response.set_status(ts.ctx.status) end
  for name, value in pairs(ts.ctx.headers or {}) do headers[name] = value end
  headers["X-Request-Id"] = ts.ctx.id
  local server = ts.ctx.picked
  if ts.ctx.sent and server ~= nil and ts.client_response.get_status() >= 500 then
    stat(server.key, "errors"):increment(1)
  end
end

-- Traffic Server itself answers, and asks nobody: to it that is an error, and only the head can say a better code. It
-- crashes where that is one it has no words for, as 421.
local function answer(status, body, headers)
  ts.ctx.headers = headers
  if status < 400 then ts.ctx.status = status end
  ts.http.set_resp(ts.ctx.status == nil and status or 500, body)
  return -1
end

local function answered()
  -- What a service gives to one user is for nobody else, and an error for nobody again.
  local status = ts.server_response.get_status()
  if status >= 400 or ts.server_response.header["Set-Cookie"] ~= nil then ts.http.set_server_resp_no_store(1) end
end

-- Comes before each attempt but the first. Traffic Server 9 keeps to the server, whatever address it is told now.
local function again()
  stat(ts.ctx.picked.key, "failures"):increment(1)
  return 0
end

local function choose()
  local status = ts.http.get_cache_lookup_status()
  if status == TS_LUA_CACHE_LOOKUP_HIT_FRESH then return 0 end
  ts.ctx.sent = true
  ts.hook(TS_LUA_HOOK_OS_DNS, again)
  stat(ts.ctx.picked.key, "requests"):increment(1)
  return 0
end

-- A hold ends by itself, after 30 seconds at the latest, whatever becomes of who asked for it.
local function held(about)
  for _ = 1, 30 do
    local ends = tonumber(content(HOME .. "/" .. about.name .. "/hold")) or 0
    if ends <= ts.now() * 1000 then return end
    ts.sleep(1)
  end
end

local function kept(about, path)
  for _, prefix in ipairs(about.keep) do
    if path:sub(1, #prefix) == prefix then return true end
  end
  return false
end

local function enter()
  local about, request = ts.ctx.about, ts.client_request
  local path = request.get_uri()
  local always = path == about.health
  if not always then
    held(about)
    if content(HOME .. "/" .. about.name .. "/maintenance") ~= nil then
      return answer(503, content(PAGES .. "/" .. about.name .. ".html") or "", {
        ["Content-Type"] = "text/html; charset=utf-8", ["Retry-After"] = "120", ["Cache-Control"] = "no-store",
      })
    end
  end
  local state = state_of(about)
  if #state.ready == 0 then return answer(503, "no slot serves\\n", { ["Content-Type"] = "text/plain" }) end
  local server = pick(state.ready)
  ts.ctx.picked = server
  ts.server_request.server_addr.set_addr(server.address, server.port, server.family)
  request.set_url_scheme(request.get_url_scheme():sub(1, 2) == "ws" and "ws" or "http")
  if about.cache and not always then
    ts.http.config_int_set(TS_LUA_CONFIG_HTTP_CACHE_GENERATION, kept(about, path) and 0 or state.generation)
  else
    ts.http.config_int_set(TS_LUA_CONFIG_HTTP_CACHE_HTTP, 0)
  end
  ts.hook(TS_LUA_HOOK_CACHE_LOOKUP_COMPLETE, choose)
  ts.hook(TS_LUA_HOOK_READ_RESPONSE_HDR, answered)
  return 0
end

-- What this host itself is told: what serves, with the counts of each slot.
local function told(path)
  local about = services[path:sub(2)]
  if about == nil then return answer(404, "version " .. version .. "\\n") end
  local lines = { "version " .. version .. "\\n" }
  for _, server in ipairs(state_of(about).servers) do
    local function number(what) return stat(server.key, what):get_value() end
    table.insert(lines, table.concat({ server.name, server.at, server.admin, number("requests"), number("errors") }, " "))
    table.insert(lines, "\\n")
  end
  return answer(200, table.concat(lines))
end

local METHODS = { CONNECT = true, TRACE = true, PUSH = true }

function do_global_read_request()
  local request = ts.client_request
  local headers = request.header
  local full = headers["Host"] or ""
  local host = full:lower():gsub(":%d+$", "")
  local address = request.client_addr.get_addr()
  local port = request.client_addr.get_incoming_port()
  local about = named[host]
  count = count + 1
  ts.ctx.id = ts.md5(seed .. count)
  ts.hook(TS_LUA_HOOK_SEND_RESPONSE_HDR, said)
  local method = request.get_method()
  if METHODS[method] then return answer(405, "") end
  if port == 80 then
    if host == SELF and address == "127.0.0.1" then return told(request.get_uri()) end
    local query = request.get_uri_args() or ""
    local url = "https://" .. host .. request.get_uri() .. (query == "" and "" or "?" .. query)
    return answer(308, "", { ["Location"] = url })
  end
  if about == nil then return answer(421, "no service has this name\\n", { ["Content-Type"] = "text/plain" }) end
  -- A service may throw away one of its own answers.
  if method == "PURGE" and not about.from[address] then return answer(405, "") end
  headers["X-Request-Id"] = ts.ctx.id
  headers["X-Forwarded-Proto"] = "https"
  headers["X-Forwarded-Host"] = full
  headers["X-Forwarded-For"] = address
  request.set_url_host(host)
  request.set_url_port(80)
  ts.ctx.about = about
  ts.hook(TS_LUA_HOOK_POST_REMAP, enter)
  return 0
end
`
