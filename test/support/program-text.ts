import { gunzipSync } from 'node:zlib'

/** A program that was sent to a host, as text: a large one travels packed. */
export const programText = (stdin: Buffer): string =>
  (stdin[0] === 0x1f && stdin[1] === 0x8b ? gunzipSync(stdin) : stdin).toString()
