/** A service behind the proxy. Its slots are not in here: they stand in its folder under `home`. */
export interface TrafficServerService {
  readonly name: string
  /** The names it is asked under. */
  readonly names: readonly string[]
  /** The path that is always answered from a slot. */
  readonly health: string
  /** What is kept of its answers; nothing unless told. */
  readonly cache?: { readonly keep?: readonly string[] }
  readonly servers: readonly { readonly address: string }[]
}

/** A service as a line of the program. */
export function entry({ name, names, health, cache, servers }: TrafficServerService): string {
  const list = (values: readonly string[]): string => `{ ${values.map(quoted).join(', ')} }`
  const from = [...new Set(servers.map(({ address }) => address))]
  return `service({ name = ${quoted(name)}, names = ${list(names.map(item => item.toLowerCase()))}, health = ${quoted(health.replace(/\?.*/, ''))},
  cache = ${cache !== undefined}, keep = ${list(cache?.keep ?? [])}, from = { ${from.map(item => `[${quoted(item)}] = true`).join(', ')} } })`
}

/** A value as a string of Lua; refuses what could end it. */
export function quoted(value: string): string {
  if (!/^[\w./:&=~%+@-]+$/.test(value))
    throw new TypeError(`${JSON.stringify(value)} cannot stand in fleet.lua`)
  return `"${value}"`
}
