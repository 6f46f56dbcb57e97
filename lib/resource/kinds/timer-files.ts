import { ConfigError } from '../../errors.ts'
import type { Command } from '../../shell/sh.ts'
import { absolutePath, allowed, oneLine, userName, wholeNumber } from '../check.ts'

export interface TimerOptions {
  /** Name of both units: `backup` is backup.timer and backup.service. */
  readonly name: string
  /** When, as systemd.time has it: `daily`, `Mon..Fri 04:30`, `*:0/10`. */
  readonly calendar: string | readonly string[]
  /** What sh runs, at most one at a time. */
  readonly command: Command
  readonly user: string
  readonly directory?: string
  /** Anybody on the host can read these: a secret goes into `environmentFile`. */
  readonly env?: Readonly<Record<string, string>>
  /** A file on the host that must be there. */
  readonly environmentFile?: string
  /** Made up for after the host was off. true unless told. */
  readonly persistent?: boolean
  /** Seconds over which hosts spread their starts. 0 unless told. */
  readonly spread?: number
  /** Seconds after which it is ended; an hour unless told. */
  readonly timeout?: number
}

/** One word of a unit file: systemd expands `%`, and `$` where it starts a command. */
const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('%', '%%')}"`

/** The name of a timer, checked. Throws ConfigError. */
export const timerName = (name: string): string =>
  allowed('timer name', name, /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/)

/** When it runs, each in the form that is given to systemd. */
export function calendarsOf({ name, calendar }: TimerOptions): string[] {
  const calendars = (typeof calendar === 'string' ? [calendar] : calendar).map(item =>
    allowed('calendar', item, /^[A-Za-z0-9*][A-Za-z0-9*,.:/~ _-]*$/),
  )
  if (calendars.length === 0) throw new ConfigError(`timer ${name}: want at least one calendar`)
  return calendars
}

/** The unit that a timer starts. */
export function serviceText(options: TimerOptions): string {
  const { name, command, env = {}, directory, environmentFile } = options
  if (command.stdin !== undefined) throw new ConfigError(`timer ${name}: its command cannot have a stdin`)
  if (/[\0-\x08\x0b-\x1f\x7f]/.test(command.text)) {
    throw new ConfigError(`timer ${name}: its command holds control characters`)
  }
  const variables = Object.entries(env).map(([key, value]) => {
    allowed('variable name', key, /^[A-Za-z_][A-Za-z0-9_]*$/)
    return `Environment=${quoted(`${key}=${oneLine(`variable ${key}`, value)}`)}`
  })
  return `${[
    '# Written by fleet.',
    '[Unit]',
    `Description=${name}, started by ${name}.timer`,
    '[Service]',
    'Type=oneshot',
    `User=${userName(options.user)}`,
    ...(directory === undefined ? [] : [`WorkingDirectory=${absolutePath(directory).replaceAll('%', '%%')}`]),
    ...variables,
    ...(environmentFile === undefined
      ? []
      : [`EnvironmentFile=${absolutePath(environmentFile).replaceAll('%', '%%')}`]),
    `TimeoutStartSec=${wholeNumber('timeout', options.timeout ?? 3600, 1, 604_800)}`,
    `ExecStart=/bin/sh -c ${quoted(command.text).replaceAll('$', '$$$$')}`,
  ].join('\n')}\n`
}

/** The unit that says when. */
export function timerText(options: TimerOptions): string {
  const { name, persistent = true } = options
  return `${[
    '# Written by fleet.',
    '[Unit]',
    `Description=Starts ${name}.service`,
    '[Timer]',
    ...calendarsOf(options).map(item => `OnCalendar=${item}`),
    `Persistent=${persistent}`,
    `RandomizedDelaySec=${wholeNumber('spread', options.spread ?? 0, 0, 86_400)}`,
    'AccuracySec=1s',
    '[Install]',
    'WantedBy=timers.target',
  ].join('\n')}\n`
}
