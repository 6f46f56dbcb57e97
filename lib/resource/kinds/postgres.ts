import { allowed } from '../check.ts'

/** A role's or database's name: what needs no case folding, and fits. */
export const pgName = (value: string): string => allowed('PostgreSQL name', value, /^[a-z_][a-z0-9_-]{0,62}$/)

const PSQL = 'runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres'

/** Asks the host's PostgreSQL; prints `=` first when it answers, nothing when it is not installed or down. */
export const observeSql = (sql: string): string => `
command -v psql >/dev/null && id postgres >/dev/null 2>&1 || exit 0
${PSQL} 2>/dev/null <<'SQL' || { echo down; exit 0; }
SELECT '=';
${sql}
SQL`

/** Reads what SQL on the step's stdin changes; keeps it out of the server's log, since it may hold a verifier. */
export const ACT_SQL = PSQL

/** In front of SQL that may hold a verifier. */
export const UNLOGGED = `SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';\n`

/** Rows of an answer, split into fields; undefined without an answer. */
export function sqlRows(output: string): string[][] | undefined {
  const lines = output.split('\n').filter(Boolean)
  if (lines[0] !== '=') return undefined
  return lines.slice(1).map(line => line.split('|'))
}

/** What to say when PostgreSQL is there and does not answer. */
export const isDown = (output: string): boolean => output.trim().endsWith('down')
