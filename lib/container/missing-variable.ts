/** How programs say that a variable of their environment is missing; the name is the first group. */
const SAID: readonly RegExp[] = [
  // Ruby: `key not found: "X" (KeyError)`
  /key not found: "([A-Za-z_]\w*)"/,
  // python-decouple, django-environ
  /UndefinedValueError: (\w+) not found/,
  /Set the (\w+) environment variable/,
  // pydantic-settings: the field's name, then the reason on the next line
  /^\s*(\w+)\n\s+Field required/m,
  // zod: where it got nothing
  /path"?: \[\s*['"](\w+)['"]\s*\],\s*"?message"?: ['"](?:Required|[^'"\n]*received undefined)/,
  // envalid
  /Missing environment variables:\s+(\w+):/i,
  // Go: envconfig
  /required key (\w+) missing value/,
  // Spring
  /Could not resolve placeholder '(\w+)'/,
  // sh: `X: parameter not set`, `X: unbound variable`
  /\b([A-Za-z_]\w*): (?:parameter (?:null or )?not set|unbound variable)/,
  // `environment variable "X" is not set`, `missing required env var: X`
  /[Ee]nv(?:ironment)?[ -]?[Vv]ar(?:iable)?s?[^\w\n]{1,4}([A-Z][A-Z0-9_]+)\b/,
  // `"X" environment variable is required`
  /\b([A-Z][A-Z0-9_]+)["'`]?,? (?:(?:is|was) a (?:required|missing) )?[Ee]nv(?:ironment)?[ -]?[Vv]ar/,
  // `X is not set`, `X must be set`, `missing X`: names of several words only, since others are said of anything
  /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:is |was |must be |has to be |needs to be )?(?:not (?:set|defined|provided|configured)|required|missing|undefined|unset|set\b)/,
  /\b(?:[Mm]issing|[Uu]ndefined|[Rr]equired|[Ss]et|[Pp]rovide)(?: the| a| value for| required)*:? ["'`]?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/,
]

/** Python names the key alone: whose it is stands in the lines above. */
const KEY_ERROR = /^KeyError: '([A-Za-z_]\w*)'/m
const OF_ENVIRONMENT = /environ|getenv|<frozen os>|\/os\.py/

/** The variable that a program's last lines say it misses; undefined when they say nothing of the kind. */
export function missingVariable(log: string): string | undefined {
  const [, key] = KEY_ERROR.exec(log) ?? []
  if (key !== undefined && OF_ENVIRONMENT.test(log)) return key
  for (const said of SAID) {
    const [, name] = said.exec(log) ?? []
    // Where a library names a field, the variable is the same in capitals.
    if (name !== undefined) return /Field required/.test(log) ? name.toUpperCase() : name
  }
  return undefined
}

/**
 * The same as the end of a reason. `known` are the names in its environment, one a line, `NAME=` for one that is empty;
 * undefined where they could not be read.
 */
export function missesVariable(log: string, known: string | undefined): string {
  const name = missingVariable(log)
  if (name === undefined) return ''
  const misses = `: it misses the environment variable ${name}`
  if (known === undefined) return misses
  const names = new Set(known.split('\n').map(line => line.trim()))
  if (names.has(`${name}=`)) return `${misses}, which is set to nothing`
  if (names.has(name)) return `${misses}, although it is set`
  return `${misses}, which is not in the service's env in the fleet file`
}
