import { ConfigError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { NO_ANSWER, type ReleaseRow } from './releases.ts'

const described = ({ label, release, edition, back }: ReleaseRow): string =>
  `${label} (${release}, ${edition}): ${'how' in back ? (back.how === 'flip' ? 'one flip' : 'is started first') : back.not}`

const serves = ({ back }: ReleaseRow): boolean => 'not' in back && back.not === 'serves'

/**
 * The release that an operator names by its edition, its id or its label. What serves is meant only when nothing else is.
 * Throws a ConfigError that lists what there is.
 */
export function chooseRelease(service: string, rows: readonly ReleaseRow[], name: string): ReleaseRow {
  const issues = rows.filter(row => 'how' in row.back).map(described)
  const hint = `fleet releases ${service}`
  const byEdition = rows.filter(({ edition }) => edition === name)
  const named =
    byEdition.length > 0 ? byEdition : rows.filter(row => row.release === name || row.label === name)
  const others = named.filter(row => !serves(row))
  const [row, ...more] = others.length > 0 ? others : named
  if (row === undefined) {
    throw new ConfigError(`${service} has no release called ${JSON.stringify(name)} on its hosts`, {
      issues,
      hint,
    })
  }
  if (more.length > 0) {
    throw new ConfigError(
      `${JSON.stringify(name)} is more than one release of ${service}: name its edition`,
      {
        issues: [row, ...more].map(described),
        hint: `fleet rollback ${service} --to ${quote(row.edition)}`,
      },
    )
  }
  return row
}

/** Throws a ConfigError unless all hosts can start the release. */
export function requireStartable(service: string, rows: readonly ReleaseRow[], row: ReleaseRow): void {
  const lacking = Object.entries(row.hosts).filter(
    ([, state]) => state === 'absent' || state.startsWith('no '),
  )
  const isNowhere = Object.keys(row.hosts).length === 0
  const neverServed = 'not' in row.back && row.back.not === 'has never served'
  if (lacking.length === 0 && !isNowhere && !neverServed) return
  throw new ConfigError(`${row.label} (${row.release}) cannot be brought back`, {
    issues: [
      ...lacking.map(([host, state]) => `${host}: ${state === 'absent' ? 'not there' : state}`),
      ...(isNowhere ? [NO_ANSWER] : []),
      ...(neverServed ? ['it has never served'] : []),
      ...rows.filter(each => 'how' in each.back).map(each => `there is ${described(each)}`),
    ],
    hint: `fleet swap ${service} --release ${quote(row.label)}`,
  })
}
