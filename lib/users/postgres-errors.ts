import { CommandError, ConnectError, FleetError, messageOf, TimeoutError } from '../errors.ts'

/** Which database, for the message. */
export interface DatabaseName {
  readonly host: string
  readonly database: string
  readonly user: string
}

/**
 * PostgreSQL's five characters for what went wrong, one of them a digit always (PostgreSQL, appendix A); undefined for
 * errors that are not its own, such as EPIPE.
 */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined
}

/** A shutdown, a kill, or an error that PostgreSQL did not send: the connection is gone or never came about. */
export function connectionIsLost(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined || /^(08[0-9]..|57P0[1-5])$/.test(state)
}

/** An error of the database in the operator's terms: whose, what, why, and what to do next. */
export function databaseError(error: unknown, { host, database, user }: DatabaseName): FleetError {
  if (error instanceof FleetError) return error
  const state = sqlState(error)
  const reason = messageOf(error)
  const status = `fleet status --on ${host}`
  const fail = (message: string, hint: string) => new CommandError(message, { host, hint, cause: error })
  if (state?.startsWith('28') === true) {
    return new ConnectError(`PostgreSQL refused ${user} for database "${database}": ${reason}`, {
      host,
      hint: `check the secret that users.password names in the fleet file; fleet deploy sets the password anew`,
      cause: error,
    })
  }
  if (state === '3D000') return fail(reason, `fleet deploy makes the database`)
  if (state === '42P01' || state === '42703') {
    return fail(`${reason} in database "${database}"`, `fleet deploy makes the tables (its migrate step)`)
  }
  if (state === '42501')
    return fail(
      `${user} in database "${database}": ${reason}`,
      `grant it to ${user}, or name the tables' owner`,
    )
  if (state === '57014' || state === '55P03') {
    return new TimeoutError(`PostgreSQL took too long: ${reason}`, { host, hint: status, cause: error })
  }
  if (connectionIsLost(error)) {
    return new ConnectError(`no connection to PostgreSQL ("${database}"): ${reason}`, {
      host,
      hint: status,
      cause: error,
    })
  }
  return fail(`PostgreSQL: ${reason}`, status)
}
