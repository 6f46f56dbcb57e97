import { ConfigError } from '../../errors.ts'
import { Secret, revealed, secretText } from '../../shell/secret.ts'
import { absolutePath, allowed, oneLine, userName, wholeNumber } from '../check.ts'

export interface SupervisorOptions {
  readonly name: string
  readonly command: string
  readonly user: string
  /** How many of it. Each is a program of its own, so that a change of the number leaves the others alone. */
  readonly processes?: number
  readonly directory?: string
  /** A value that is a Secret is only in the file, which is for root alone. */
  readonly env?: Readonly<Record<string, string | Secret>>
  /** Seconds a process may take to end after SIGTERM; 10 unless told. */
  readonly stopSeconds?: number
  /** Seconds it must stay up to count as started; 0 for programs that may end at once. 1 unless told. */
  readonly startSeconds?: number
  /** `unexpected` starts it again after an exit code but 0. true unless told. */
  readonly autorestart?: boolean | 'unexpected'
}

const LARGEST = 99

/** `sync-worker_00`, `sync-worker_01`: the programs of a name. */
export const processNames = (name: string, processes: number): string[] =>
  Array.from({ length: processes }, (_, index) => `${name}_${String(index).padStart(2, '0')}`)

/** supervisor expands `%(...)s` everywhere, and takes ` ;` and ` #` as the start of a comment, in quotes as well. */
function value(what: string, text: string): string {
  if (/[\0-\x1f\x7f]|\s[;#]/.test(text)) {
    throw new ConfigError(
      `supervisor: ${what} holds a control character, or " ;" or " #", which supervisor cannot`,
    )
  }
  return text.replaceAll('%', '%%')
}

/** supervisor knows two quotes and no escape, and strips quotes from both ends of a value. */
function quoted(key: string, text: string | Secret): Secret {
  const plain = revealed(text)
  value(`variable ${key}`, plain)
  const quotes = plain.includes('"') ? "'" : '"'
  if (plain.includes(quotes) || /^["']|["']$/.test(plain)) {
    throw new ConfigError(`supervisor: variable ${key} holds quotes in a way that supervisor cannot`)
  }
  const escape = plain.replaceAll('%', '%%')
  const body = typeof text === 'string' ? escape : new Secret(key, escape)
  return secretText`${allowed('variable name', key, /^[A-Za-z_][A-Za-z0-9_]*$/)}=${quotes}${body}${quotes}`
}

/** The text of /etc/supervisor/conf.d/<name>.conf, a secret where a variable is one. */
export function supervisorConfig(options: SupervisorOptions): string | Secret {
  const name = allowed('program name', options.name, /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/)
  const processes = wholeNumber('processes', options.processes ?? 1, 0, LARGEST)
  const env = Object.entries(options.env ?? {})
  const lines = [
    `command=${value('the command', oneLine('command', options.command))}`,
    `user=${userName(options.user)}`,
    ...(options.directory === undefined
      ? []
      : [`directory=${value('directory', absolutePath(options.directory))}`]),
    `autorestart=${options.autorestart ?? true}`,
    `startsecs=${wholeNumber('startSeconds', options.startSeconds ?? 1, 0, 3600)}`,
    `stopwaitsecs=${wholeNumber('stopSeconds', options.stopSeconds ?? 10, 1, 86_400)}`,
    'stopasgroup=true',
    'killasgroup=true',
    'redirect_stderr=true',
    'stdout_logfile=/var/log/supervisor/%(program_name)s.log',
  ].join('\n')
  let environment = secretText``
  env.forEach(([key, text], index) => {
    environment = secretText`${environment}${index === 0 ? 'environment=' : ','}${quoted(key, text)}`
  })
  let content = secretText`; Written by fleet.\n`
  for (const program of processNames(name, processes)) {
    content = secretText`${content}\n[program:${program}]\n${lines}\n${environment}\n`
  }
  return env.some(([, text]) => typeof text !== 'string') ? content : content.reveal()
}
