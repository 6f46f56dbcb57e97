import picomatch from 'picomatch'
import { UsageError } from '../errors.ts'
import { unknown } from '../suggest.ts'
import type { Fleet } from './model.ts'

const isGlob = (selector: string) => /[*?[\]{}()]/.test(selector)

/** The hosts that one selector without `!` stands for. A host's name goes before a role of the same name. */
function matches(fleet: Fleet, selector: string): readonly string[] {
  const hosts = Object.keys(fleet.hosts)
  if (selector === 'all') return hosts
  if (Object.hasOwn(fleet.hosts, selector)) return [selector]
  if (Object.hasOwn(fleet.roles, selector)) return hosts.filter(host => fleet.hosts[host]?.role === selector)
  if (isGlob(selector)) {
    const isLike = picomatch(selector)
    const found = hosts.filter(host => isLike(host))
    if (found.length > 0) return found
    throw new UsageError(`--on ${selector}: no host's name is like that`, {
      hint: `hosts: ${hosts.join(', ')}`,
    })
  }
  throw new UsageError(
    `--on: ${unknown('host or role', selector, [...hosts, ...Object.keys(fleet.roles)])}`,
    {
      hint: 'fleet hosts lists them',
    },
  )
}

/** The base hosts of a task: `all`, `none`, a role or host, or several. */
export function baseHosts(fleet: Fleet, base: string | readonly string[]): readonly string[] {
  const names = typeof base === 'string' ? [base] : base
  const chosen = new Set(names.filter(name => name !== 'none').flatMap(name => matchesOrNone(fleet, name)))
  return Object.keys(fleet.hosts).filter(host => chosen.has(host))
}

/** A task may work on a role that this fleet does not have. */
const matchesOrNone = (fleet: Fleet, name: string): readonly string[] =>
  name === 'all' || Object.hasOwn(fleet.hosts, name) || Object.hasOwn(fleet.roles, name)
    ? matches(fleet, name)
    : []

/**
 * The hosts a run works on, in the order of the fleet: those of the task, narrowed to the union of the `--on`
 * selectors without what `!` takes out. Throws a UsageError for an unknown name and when nothing is left.
 */
export function selectHosts(
  fleet: Fleet,
  base: string | readonly string[],
  on: readonly string[],
): readonly string[] {
  const allowed = baseHosts(fleet, base)
  const wanted = on.filter(selector => !selector.startsWith('!'))
  const unwanted = on.filter(selector => selector.startsWith('!')).map(selector => selector.slice(1))
  const chosen = new Set(wanted.length === 0 ? allowed : wanted.flatMap(selector => matches(fleet, selector)))
  const excluded = new Set(unwanted.flatMap(selector => matches(fleet, selector)))
  if (base === 'none') {
    if (on.length === 0) return []
    throw new UsageError('--on: this command works on no hosts', {
      hint: 'leave --on out: it is about the fleet as a whole',
    })
  }
  const selected = allowed.filter(host => chosen.has(host) && !excluded.has(host))
  if (selected.length > 0) return selected
  if (allowed.length === 0)
    throw new UsageError(`fleet "${fleet.name}" has no host for this: ${[base].flat().join(', ')}`)
  throw new UsageError(`--on ${on.join(',')} leaves no host`, {
    hint: `this command works on: ${allowed.join(', ')}`,
  })
}
