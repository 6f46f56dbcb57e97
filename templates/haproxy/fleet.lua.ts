import { text } from '../../lib/index.ts'

export interface HaproxyLua {
  /** Services with the file that holds their maintenance page. */
  readonly pages: readonly { readonly service: string; readonly path: string }[]
  /** The map that says what is shut or held. */
  readonly map: string
}

/**
 * What HAProxy's own language cannot say: pages of any size, and requests that wait until a time in the map has come. A
 * hold ends by itself, after 30 seconds at the latest, whatever becomes of who asked for it.
 */
export const haproxyLua = ({
  pages,
  map,
}: HaproxyLua): string => text`-- Written by fleet; changes here are overwritten.
local map = Map.new(${quoted(map)}, Map._str)
local pages = {}

local function load(service, path)
  local file = assert(io.open(path, "rb"))
  pages[service] = file:read("a")
  file:close()
end

${pages.map(({ service, path }) => `load(${quoted(service)}, ${quoted(path)})`).join('\n')}

core.register_action("fleet_hold", { "http-req" }, function(txn, service)
  for _ = 1, 300 do
    local ends = tonumber(map:lookup(service .. "/hold")) or 0
    -- core.now() falls behind the clock that the map goes by, each time this process had to wait for a processor.
    local left = ends - txn.f:date(0, "ms")
    if left <= 0 then
      return
    end
    core.msleep(math.ceil(math.min(left, 100)))
  end
end, 1)

core.register_service("fleet_maintenance", "http", function(applet)
  local page = pages[applet:get_var("txn.fleet_service")] or ""
  applet:set_status(503)
  applet:add_header("content-type", "text/html; charset=utf-8")
  applet:add_header("content-length", tostring(#page))
  applet:add_header("cache-control", "no-store")
  applet:add_header("retry-after", "120")
  applet:start_response()
  if applet.method ~= "HEAD" then
    applet:send(page)
  end
end)
`

/** A value as a string of Lua; refuses what could end it. */
function quoted(value: string): string {
  if (!/^[\w./@-]+$/.test(value)) throw new TypeError(`${JSON.stringify(value)} cannot stand in fleet.lua`)
  return `"${value}"`
}
