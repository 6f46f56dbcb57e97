import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { wordIssue } from '../task/words.ts'
import { checkConflicts } from './conflicts.ts'
import type { Fleet } from './model.ts'
import { checkOnce } from './once.ts'
import { checkPairs } from './pair.ts'
import { checkReferences } from './references.ts'
import { salvage } from './salvage.ts'
import { fleetSchema } from './schema.ts'

/**
 * A value as a fleet, with everything in it checked. Throws one ConfigError with every problem found, each after the
 * path to it: `hosts.web1.role: unknown role "wbe", did you mean "web"?`.
 */
export function validateFleet(value: unknown, file: string): Fleet {
  const parsed = z.safeParse(fleetSchema, value, { error: wordIssue })
  const issues = parsed.error?.issues ?? []
  const problems = issues.map(issue => `${pathOf(issue.path)}: ${issue.message}`)
  const rest = parsed.success ? { fleet: parsed.data, known: undefined } : salvage(value, issues)
  const report = (path: string, problem: string) => problems.push(`${path}: ${problem}`)
  if (rest !== undefined) {
    checkReferences(rest.fleet, report, rest.known)
    checkConflicts(rest.fleet, report)
    checkOnce(rest.fleet, report)
    checkPairs(rest.fleet, report)
  }
  if (parsed.success && problems.length === 0) return parsed.data
  throw new ConfigError(`${file}: ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`, {
    issues: problems,
  })
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'fleet' : path.map(String).join('.')
