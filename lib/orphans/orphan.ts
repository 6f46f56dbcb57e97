/** The sorts of things that fleet makes and can take away again. */
export const ORPHAN_TYPES = ['program', 'cron', 'unit', 'container', 'file', 'user', 'folder'] as const

export type OrphanType = (typeof ORPHAN_TYPES)[number]

/** Something on a host that fleet made and that the fleet file no longer asks for. */
export interface Orphan {
  readonly type: OrphanType
  /** `sync-watchdog`, `old.service`, `/srv/old`. */
  readonly name: string
  /** Where it lies, for what is a file or a folder. */
  readonly path?: string
  /** For people: `running`. */
  readonly detail?: string
}

/** How it is asked for: `cron sync-watchdog`. */
export const orphanName = ({ type, name }: Pick<Orphan, 'type' | 'name'>): string => `${type} ${name}`

/** A port that listens to more than the host itself though no role declares it. */
export interface StrayPort {
  readonly protocol: string
  readonly port: number
  /** The program behind it, as far as it is known. */
  readonly program: string
}

/** Where files that fleet writes lie, beside those of services, which have folders of their own. */
export const FOLDERS = [
  '/etc/systemd/system',
  '/etc/cron.d',
  '/etc/supervisor/conf.d',
  '/etc/sysctl.d',
  '/etc/logrotate.d',
  '/etc/apt/sources.list.d',
  '/etc/apt/apt.conf.d',
  '/etc/apt/preferences.d',
  '/etc/sudoers.d',
  '/etc/ssh/sshd_config.d',
  '/etc/systemd/journald.conf.d',
] as const

const NAMED: readonly (readonly [OrphanType, RegExp])[] = [
  ['unit', /^\/etc\/systemd\/system\/([^/]+\.[a-z]+)$/],
  ['cron', /^\/etc\/cron\.d\/([^/]+)$/],
  ['program', /^\/etc\/supervisor\/conf\.d\/([^/]+)\.conf$/],
]

/** What a file with our header is called. */
export function orphanFile(path: string): Orphan {
  for (const [type, pattern] of NAMED) {
    const [, name] = pattern.exec(path) ?? []
    if (name !== undefined) return { type, name, path }
  }
  return { type: 'file', name: path, path }
}
