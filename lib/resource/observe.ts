import { CommandError } from '../errors.ts'
import type { ExecResult } from '../transport/transport.ts'
import { parseFrames } from './frames.ts'
import type { Kind, Resource } from './resource.ts'
import { GENERATION, program } from './program.ts'
import { tail } from '../text/last-lines.ts'

/** A resource with what was seen of it. */
export interface Seen {
  readonly resource: Resource
  readonly seen: unknown
}

/** What a host showed. */
export interface Observation {
  readonly resources: readonly Seen[]
  /** Keys of the handlers that an earlier run left to do. */
  readonly pending: ReadonlySet<string>
  /** Another one as soon as an acting script has begun or ended, or the host was restarted. */
  readonly generation: string
}

function byKind(resources: readonly Resource[]): Map<Kind<unknown, unknown>, unknown[]> {
  const kinds = new Map<Kind<unknown, unknown>, unknown[]>()
  for (const { kind, wanted } of resources) {
    const items = kinds.get(kind)
    if (items) items.push(wanted)
    else kinds.set(kind, [wanted])
  }
  return kinds
}

const section = (code: string): string => `
printf '\\n%s begin\\n' "$nonce"; printf '\\n%s begin\\n' "$nonce" >&2
( set -u
${code}
) </dev/null
printf '\\n%s end %s\\n' "$nonce" "$?"`

/**
 * One program that asks for everything: one section for each kind whatever its number of items, in the order of first
 * use, then one for the handlers that are due.
 */
export function observeProgram(resources: readonly Resource[], nonce: string, stateFolder: string): string {
  const parts = [...byKind(resources)].map(([kind, wanted]) => section(kind.observe(wanted)))
  const pending = section(
    `for mark in ${stateFolder}/pending/*; do [ ! -e "$mark" ] || printf '%s\\n' "\${mark##*/}"; done`,
  )
  // First of all: what changes while we look must show as another generation.
  const generation = `state=${stateFolder}\n${GENERATION}\nprintf '\\n%s generation %s\\n' "$nonce" "$generation.$boot"`
  return program(nonce, ['cd /', generation, ...parts, pending].join('\n'))
}

/** The bytes of each section, by number, and its exit code where the stream has one. */
function sections(nonce: string, stream: Uint8Array): { output: string; exitCode: number | undefined }[] {
  const found: { output: string; exitCode: number | undefined }[] = []
  for (const frame of parseFrames(nonce, stream)) {
    const last = found.at(-1)
    if (frame.type === 'data') {
      if (last && last.exitCode === undefined) last.output += frame.bytes.toString('utf8')
    } else if (frame.words[0] === 'begin') found.push({ output: '', exitCode: undefined })
    else if (last) last.exitCode = Number(frame.words[1])
  }
  return found
}

function generationOf(nonce: string, stream: Uint8Array): string {
  const [first] = parseFrames(nonce, stream).filter(frame => frame.type === 'marker')
  return first?.words[0] === 'generation' ? (first.words[1] ?? '') : ''
}

/** Reads what the observing program printed. A kind that failed is an error of that kind, never an empty answer. */
export function readObservation(
  { host, user }: { readonly host: string; readonly user: string },
  resources: readonly Resource[],
  nonce: string,
  result: ExecResult,
): Observation {
  const outputs = sections(nonce, result.stdout)
  const errors = sections(nonce, result.stderr)
  if (outputs.length === 0) {
    const said = tail(result.stderr.toString('utf8'))
    const hint = `let ${user} use sudo without a password, or log in as root`
    const details = { host, ...(said.includes('sudo:') && { hint }) }
    throw new CommandError(`nothing ran: exit code ${result.exitCode}${said}`, details)
  }
  const outputOf = (index: number, what: string): string => {
    const found = outputs[index]
    if (found?.exitCode === 0) return found.output
    const said = tail(errors[index]?.output ?? '')
    const code = found?.exitCode ?? result.exitCode
    throw new CommandError(`cannot see the state of ${what}: exit code ${code}${said}`, { host })
  }
  const seen = new Map<Resource, unknown>()
  let index = 0
  for (const [kind, wanted] of byKind(resources)) {
    const items = kind.parse(outputOf(index, kind.name), wanted)
    resources
      .filter(resource => resource.kind === kind)
      .forEach((resource, at) => seen.set(resource, items[at]))
    index += 1
  }
  const pending = outputOf(index, 'handlers').split('\n').filter(Boolean)
  return {
    resources: resources.map(resource => ({ resource, seen: seen.get(resource) })),
    pending: new Set(pending),
    generation: generationOf(nonce, result.stdout),
  }
}
