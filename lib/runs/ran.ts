import { CommandError } from '../errors.ts'
import { delivered, newNonce, program } from '../resource/program.ts'
import { quote } from '../shell/quote.ts'
import { rawShell, type Command } from '../shell/sh.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'
import { auditEnded } from './audit-line.ts'
import { noteEnded, type Ended } from './ended.ts'
import { RECORD, RUNS, type RunRecord } from './record.ts'

/** Milliseconds for a host to write three short files. */
const PATIENCE = 15_000

/** Code that leaves the record of a run in its folder. */
const leave = (record: RunRecord): string => `umask 077
folder=${RUNS}/${record.id}
mkdir -p "$folder" && chmod 0700 ${RUNS} "$folder" &&
  printf '%s\\n' ${quote(JSON.stringify(record))} >"$folder/${RECORD}.new" &&
  mv -f "$folder/${RECORD}.new" "$folder/${RECORD}"`

/** Leaves the record on a host before commands change it: a run that is cut off in them can be resumed. */
export const recordCommand = (record: RunRecord): Command => rawShell(leave(record))

/**
 * Leaves the record, an audit line and how the run ended on a host that it changed by commands alone: an acting script
 * leaves its own record and line.
 * Throws CommandError, ConnectError, TimeoutError.
 */
export async function auditRan(transport: Transport, record: RunRecord, ended: Ended): Promise<void> {
  const body = `${leave(record)} && cd "$folder" || return 1
${noteEnded(ended)} || return 1
${auditEnded(record, ended)}`
  const { command, stdin } = delivered(program(newNonce(), body))
  const result = await transport.exec(command, {
    stdin,
    root: true,
    timeout: PATIENCE,
  })
  if (result.exitCode === 0) return
  throw new CommandError(`no line in its audit log${tail(result.stderr.toString('utf8'))}`, {
    host: transport.host,
  })
}
