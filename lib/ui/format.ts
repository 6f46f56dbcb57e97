import type { FleetEvent, Outcome } from '../events/event.ts'
import { formatDuration } from '../text/duration.ts'
import { paint, type Style } from './paint.ts'
import { sanitise } from '../text/sanitise.ts'

/** A line for a person, and from which verbosity on it is shown. */
export interface Line {
  readonly level: number
  readonly text: string
}

/** The event of a type, kept together with its type so that a table of functions can take it. */
export type EventOf<K extends FleetEvent['type'] = FleetEvent['type']> = {
  [P in K]: Extract<FleetEvent, { readonly type: P }>
}[K]

type Formats = { readonly [K in FleetEvent['type']]: (event: EventOf<K>, paints: Paints) => readonly Line[] }
type Paints = (style: Style, text: string) => string

const OUTCOME_STYLES: Readonly<Record<Outcome, Style>> = {
  changed: 'green',
  unchanged: 'dim',
  failed: 'red',
  unreachable: 'red',
  skipped: 'yellow',
}

const at = (level: number, text: string): readonly Line[] => [{ level, text }]
const on = (host: string | undefined) => (host === undefined ? '' : `${sanitise(host)}: `)
const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`

/** A host's error names the host, as does the line that it stands in. */
const alone = (host: string | undefined, text: string) =>
  host !== undefined && text.startsWith(`${host}: `) ? text.slice(host.length + 2) : text

/** The first line of a reason: the whole of it comes with the error at the end. */
const brief = (reason: string) => sanitise(reason.split('\n', 1)[0] ?? '')

const FORMATS: Formats = {
  'run-started': ({ task, fleet, hosts }, paints) =>
    hosts.length === 0
      ? []
      : [
          ...at(
            0,
            paints('bold', `${sanitise(task)} on ${sanitise(fleet)}, ${counted(hosts.length, 'host')}`),
          ),
          ...at(1, `hosts: ${hosts.map(host => sanitise(host)).join(', ')}`),
        ],
  phase: ({ title }, paints) => at(0, paints('bold', `-- ${sanitise(title)}`)),
  note: ({ text, host }) => at(0, on(host) + sanitise(text)),
  warning: ({ text, host }, paints) =>
    at(0, `${on(host)}${paints('yellow', 'warning:')} ${sanitise(alone(host, text))}`),
  // Shown in groups, see PlanGroups.
  'host-planned': () => [],
  'step-started': ({ host, step }, paints) => at(1, on(host) + paints('dim', `${sanitise(step)} ...`)),
  'step-output': ({ host, text }, paints) =>
    sanitise(text, 'lines')
      .split('\n')
      .filter(line => line.trim() !== '')
      .map(line => ({ level: 2, text: `${sanitise(host)} ${paints('dim', '|')} ${line}` })),
  'step-ended': ({ host, step, exitCode, milliseconds }, paints) =>
    exitCode === 0
      ? at(1, `${on(host)}${sanitise(step)} ${paints('dim', formatDuration(milliseconds))}`)
      : at(0, `${on(host)}${sanitise(step)} ${paints('red', `failed with exit code ${exitCode}`)}`),
  'host-ended': ({ host, outcome, changed, reason }, paints) =>
    at(
      outcome === 'unchanged' ? 1 : 0,
      [
        `${on(host)}${paints(OUTCOME_STYLES[outcome], outcome)}`,
        outcome === 'changed' ? ` ${changed}` : '',
        reason === undefined ? '' : `: ${brief(alone(host, reason))}`,
      ].join(''),
    ),
  progress: ({ text, done, total }) =>
    at(0, `${sanitise(text)} ${done}${total === undefined ? '' : ` of ${total}`}`),
  result: () => [],
  // Shown with the counts of the whole run, see Summary.
  'run-ended': () => [],
}

/** The lines an event is worth. With `-vvv` an event without any is shown as it is. */
export function formatEvent<K extends FleetEvent['type']>(
  event: EventOf<K>,
  colour: boolean,
): readonly Line[] {
  const format: (event: EventOf<K>, paints: Paints) => readonly Line[] = FORMATS[event.type]
  const lines = format(event, (style, text) => paint(style, text, colour))
  return lines.length > 0 ? lines : at(3, paint('dim', sanitise(JSON.stringify(event)), colour))
}
