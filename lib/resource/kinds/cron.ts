import { ConfigError } from '../../errors.ts'
import { revealed, secretText } from '../../shell/secret.ts'
import type { Secret } from '../../shell/secret.ts'
import { allowed, oneLine, userName } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import type { Resource } from '../resource.ts'
import type { FileWanted } from './file.ts'
import { file } from './file.ts'

export interface CronOptions {
  /** Name of the file in /etc/cron.d. */
  readonly name: string
  /** Five fields, or `@daily` and the like. */
  readonly schedule: string
  readonly user: string
  /** One line for sh. */
  readonly command: string
  /** A value that is a Secret makes the file readable for root alone. */
  readonly env?: Readonly<Record<string, string | Secret>>
}

const FIELD = /^[0-9A-Za-z*,/-]+$/

function schedule(value: string): string {
  if (/^@(reboot|yearly|annually|monthly|weekly|daily|hourly)$/.test(value)) return value
  const fields = value.trim().split(/ +/)
  allowed('cron schedule', value, fields.length === 5 ? /^[0-9A-Za-z*,/ -]+$/ : /^five fields$/)
  return fields.map(field => allowed('cron field', field, FIELD)).join(' ')
}

/** A job in /etc/cron.d, in the host's time zone. cron reads a changed file by itself within a minute. */
export function cron(options: CronOptions): Resource<FileWanted, PathSeen> {
  const name = allowed('cron name', options.name, /^[A-Za-z0-9_-]{1,64}$/)
  const env = Object.entries(options.env ?? {})
  const secret = env.some(([, value]) => typeof value !== 'string')
  const command = oneLine('cron command', options.command).replaceAll('%', String.raw`\%`)
  let content = secretText`# Written by fleet.\n`
  for (const [key, value] of env) {
    allowed('variable name', key, /^[A-Za-z_][A-Za-z0-9_]*$/)
    const quotes = revealed(value).includes('"') ? "'" : '"'
    if (/[\0-\x1f\x7f]/.test(revealed(value)) || revealed(value).includes(quotes)) {
      throw new ConfigError(
        `cron ${name}: variable ${key} holds what cron cannot: a control character or both quotes`,
      )
    }
    content = secretText`${content}${key}=${quotes}${value}${quotes}\n`
  }
  const line = `${schedule(options.schedule)} ${userName(options.user)} ${command}\n`
  content = secretText`${content}${line}`
  const path = `/etc/cron.d/${name}`
  return {
    ...file({ path, content: secret ? content : content.reveal(), mode: secret ? 0o600 : 0o644 }),
    id: `cron ${name}`,
  }
}
