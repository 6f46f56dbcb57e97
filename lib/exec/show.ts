import prettyBytes from 'pretty-bytes'
import { sanitise } from '../text/sanitise.ts'
import { majorityOf, type Group } from './fold.ts'
import { hostRanges } from './host-ranges.ts'

/** Milliseconds that a difference may take to find; two large texts with nothing in common are shown whole. */
const DIFF_PATIENCE = 500

const printableText = (bytes: Buffer): string => sanitise(bytes.toString('utf8'), 'lines')

/** Ends with a newline, unless it is empty. */
const whole = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

/** What a group said as one text: stdout, then stderr under a line of its own. */
function textOf(group: Group): string {
  const stdout = whole(printableText(group.stdout))
  const stderr = whole(printableText(group.stderr))
  return stdout + (stderr === '' ? '' : `-- stderr\n${stderr}`)
}

function headOf(group: Group, ...facts: readonly string[]): string {
  const { hosts, exitCode, cut } = group
  const said = [
    ...(exitCode === 0 ? [] : [`exit code ${exitCode}`]),
    ...(group.stdout.length + group.stderr.length === 0 && exitCode === 0 ? ['said nothing'] : []),
    ...facts,
    ...(cut === 0 ? [] : [`${prettyBytes(cut)} more was cut off, --no-fold shows all`]),
  ]
  const number = hosts.length > 2 ? ` (${hosts.length} hosts)` : ''
  return `== ${sanitise(hostRanges(hosts))}${number}${said.length === 0 ? '' : `: ${said.join(', ')}`}\n`
}

/** The hunks from one text to another, where they have a line in common and it can be found in time. */
async function hunks(from: string, to: string): Promise<string | undefined> {
  const { formatPatch, structuredPatch, OMIT_HEADERS } = await import('diff')
  const patch = structuredPatch('', '', from, to, undefined, undefined, {
    context: 2,
    timeout: DIFF_PATIENCE,
  })
  const lines = patch?.hunks.flatMap(hunk => hunk.lines) ?? []
  const isRelated = lines.some(line => line.startsWith(' '))
  if (patch === undefined || !isRelated) return undefined
  return formatPatch(patch, OMIT_HEADERS)
}

async function against(majority: Group, group: Group): Promise<string> {
  const [from, to] = [textOf(majority), textOf(group)]
  const base = `against ${hostRanges(majority.hosts)}`
  if (from === to) {
    const why =
      majority.exitCode === group.exitCode ? 'the same to the eye: other line ends or marks' : 'the same text'
    return headOf(group, why)
  }
  const found = await hunks(from, to)
  return found === undefined ? headOf(group) + to : headOf(group, base) + found
}

/**
 * Groups as text for a terminal: what the majority said is printed whole, what others said as a unified difference
 * against it. Without a majority every group is printed whole.
 */
export async function showGroups(groups: readonly Group[]): Promise<string> {
  const majority = majorityOf(groups)
  const texts: string[] = []
  for (const group of groups) {
    const isOther = majority !== undefined && group !== majority
    texts.push(isOther ? await against(majority, group) : headOf(group) + textOf(group))
  }
  return texts.join('')
}
