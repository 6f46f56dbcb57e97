import { ConfigError } from '../../errors.ts'
import { unitName } from '../handlers.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'

export interface UnitOptions {
  readonly name: string
  /** Started at boot; left alone when not told. */
  readonly enabled?: boolean
  /** Running now; left alone when not told. */
  readonly active?: boolean
  /** Cannot be started by anything, not even by what needs it; then it is neither enabled nor active. */
  readonly masked?: boolean
  readonly notify?: readonly Handler[]
}

export interface UnitWanted {
  readonly unit: string
  readonly enabled: boolean | undefined
  readonly active: boolean | undefined
  readonly masked: boolean
}

export interface UnitSeen {
  readonly load: string
  readonly active: string
  readonly file: string
}

const NOT_THERE: UnitSeen = { load: 'not-found', active: 'inactive', file: '' }
const RUNNING = new Set(['active', 'activating', 'reloading', 'refreshing'])
const AT_BOOT = new Set([
  'enabled',
  'enabled-runtime',
  'static',
  'alias',
  'generated',
  'indirect',
  'transient',
])

const observe = (wanted: readonly UnitWanted[]): string =>
  `[ -d /run/systemd/system ] || exit 0
systemctl show -p LoadState -p ActiveState -p UnitFileState -- ${wanted.map(item => item.unit).join(' ')}`

/** One block of `Key=value` lines for each unit, in the order asked. */
function parse(output: string, wanted: readonly UnitWanted[]): UnitSeen[] {
  const blocks = output.trim().split('\n\n')
  return wanted.map((_, index) => {
    const fields = new Map(
      (blocks[index] ?? '').split('\n').map(line => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)]
      }),
    )
    return {
      load: fields.get('LoadState') ?? NOT_THERE.load,
      active: fields.get('ActiveState') ?? NOT_THERE.active,
      file: fields.get('UnitFileState') ?? NOT_THERE.file,
    }
  })
}

const isOn = ({ active }: UnitSeen): boolean => RUNNING.has(active)
const isEnabled = ({ file }: UnitSeen): boolean => AT_BOOT.has(file)
const canDisable = ({ file }: UnitSeen): boolean => file === 'enabled' || file === 'enabled-runtime'

function differences({ enabled, active, masked: wantMasked }: UnitWanted, seen: UnitSeen): string[] {
  if (wantMasked) return [...(seen.load === 'masked' ? [] : ['mask']), ...(isOn(seen) ? ['stop'] : [])]
  const masked = seen.load === 'masked' && (enabled === true || active === true)
  return [
    ...(masked ? ['unmask'] : []),
    ...(enabled === true && !isEnabled(seen) ? ['enable'] : []),
    ...(enabled === false && canDisable(seen) ? ['disable'] : []),
    ...(active === true && !isOn(seen) ? ['start'] : []),
    ...(active === false && isOn(seen) ? ['stop'] : []),
  ]
}

function diff(wanted: UnitWanted, seen: UnitSeen): Change | undefined {
  const parts = differences(wanted, seen)
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

function act({ unit: name, enabled, active, masked }: UnitWanted, seen: UnitSeen): Step[] {
  if (masked) return [{ title: `mask and stop ${name}`, script: `systemctl mask --now ${name}` }]
  const verb = (on: boolean | undefined, yes: string, no: string) => (on === undefined ? [] : [on ? yes : no])
  const verbs = [...verb(enabled, 'enable', 'disable'), ...verb(active, 'start', 'stop')]
  const why = `|| { systemctl status --no-pager --full -n 20 ${name}; exit 1; }`
  const lines = verbs.map(word =>
    word === 'start' ? `systemctl start ${name} ${why}` : `systemctl ${word} ${name}`,
  )
  const unmask = seen.load === 'masked' ? [`systemctl unmask ${name}`] : []
  const stale = `[ "$(systemctl show -p NeedDaemonReload --value ${name})" != yes ] || systemctl daemon-reload`
  const off = enabled !== true && active !== true
  const gone = `[ "$(systemctl show -p LoadState --value ${name})" != not-found ] || exit 0`
  const script = [...unmask, stale, ...(off ? [gone] : []), ...lines].join('\n')
  return [{ title: `${verbs.join(' and ')} ${name}`, script }]
}

export const unitKind: Kind<UnitWanted, UnitSeen> = {
  name: 'unit',
  observe,
  parse,
  diff,
  act,
  /** A package starts and enables what it brings. */
  afterInstall({ enabled, active, masked }, seen) {
    if (masked) return undefined
    const off = enabled === false || active === false
    if (!off || seen.load !== 'not-found') return undefined
    return { action: 'change', detail: 'off, should a package bring it' }
  },
}

/**
 * A systemd unit that is enabled or not, running or not. A unit that is masked is unmasked; a static one counts as
 * enabled. Changed unit files are read before it starts.
 */
export function unit(options: UnitOptions): Resource<UnitWanted, UnitSeen> {
  const name = unitName(options.name)
  const { enabled, active, masked = false } = options
  if (masked && (enabled === true || active === true)) {
    throw new ConfigError(`unit ${name}: masked, it can be neither enabled nor active`)
  }
  const wanted = { unit: name, enabled, active, masked }
  return { id: `unit ${name}`, kind: unitKind, wanted, notify: options.notify ?? [] }
}
