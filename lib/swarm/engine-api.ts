import { CommandError } from '../errors.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { Secret } from '../shell/secret.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'

/** One answer of an engine's HTTP interface. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/**
 * An engine's own interface on its local socket: what its command line has no safe words for. Without a version in the
 * path an engine answers in its own, of which only what has always been there is read.
 */
const CURL = `curl --silent --show-error --max-time 30 --unix-socket /var/run/docker.sock --write-out '\\n==%{http_code}\\n'`

/** Asks for several things in one execution; changes nothing. */
export const getCommand = (paths: readonly string[]): Command =>
  sh`command -v curl >/dev/null || { echo 'the host has no curl' >&2; exit 1; }
${rawShell(paths.map(path => sh`${rawShell(CURL)} ${`http://docker${path}`} || exit 1`.text).join('\n'))}`

/** Tells the engine one thing. The body may hold secrets: it travels on stdin alone. */
export const postCommand = (path: string, body: string | Secret, method = 'POST'): Command =>
  sh`${rawShell(CURL)} --request ${method} --header 'Content-Type: application/json' --data-binary @- ${`http://docker${path}`}`.input(
    body,
  )

/** Reads what they printed: each body, then its status on a line of its own. */
export function parseAnswers(output: string): readonly Answer[] {
  const answers: Answer[] = []
  let body = ''
  for (const line of output.split('\n')) {
    const [, status] = /^==(\d{3})$/.exec(line) ?? []
    if (status === undefined) {
      body += line
      continue
    }
    answers.push({ status: Number(status), body: parsed(body) })
    body = ''
  }
  return answers
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What an engine says of a request that it did not do. */
export function messageIn(body: unknown): string {
  const said =
    typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : 'no reason given'
  return sanitise(said, 'lines').trim()
}

/** Asks one engine. Throws CommandError when it cannot be asked. */
export async function askEngine(host: HostContext, paths: readonly string[]): Promise<readonly Answer[]> {
  const { stdout } = await host.read(getCommand(paths), { root: true })
  const answers = parseAnswers(stdout.toString('utf8'))
  if (answers.length === paths.length) return answers
  throw new CommandError('the container engine gave no clear answer', {
    host: host.host.name,
    hint: 'fleet deploy installs it',
  })
}

/** An engine that answered and refused. */
export class EngineRefusedError extends CommandError {
  readonly status: number

  constructor(what: string, { status, body }: Answer, host: string) {
    super(`${what}: ${messageIn(body)} (${status})`, { host, hint: `fleet exec --on ${host} -- docker info` })
    this.status = status
  }
}

/** Tells one engine something. Throws EngineRefusedError with its own words unless it does it. */
export async function tellEngine(
  host: HostContext,
  what: string,
  path: string,
  body: unknown = {},
  method = 'POST',
): Promise<unknown> {
  const text = body instanceof Secret ? body : JSON.stringify(body)
  const { stdout } = await host.run(postCommand(path, text, method), { root: true, timeout: 120_000 })
  const [answer] = parseAnswers(stdout.toString('utf8'))
  if (answer === undefined) {
    throw new CommandError(`${what}: the container engine gave no clear answer`, { host: host.host.name })
  }
  if (answer.status >= 300) throw new EngineRefusedError(what, answer, host.host.name)
  return answer.body
}
