import { quote } from '../shell/quote.ts'
import { rawShell, type Command } from '../shell/sh.ts'
import { RECORD, RUNS, type RunRecord } from './record.ts'

/** Leaves the record on a host before commands change it: a run that is cut off in them can be resumed. */
export const recordCommand = (record: RunRecord): Command =>
  rawShell(`umask 077
folder=${RUNS}/${record.id}
mkdir -p "$folder" && chmod 0700 ${RUNS} "$folder" &&
  printf '%s\\n' ${quote(JSON.stringify(record))} >"$folder/${RECORD}.new" &&
  mv -f "$folder/${RECORD}.new" "$folder/${RECORD}"`)
