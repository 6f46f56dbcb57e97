import { setMaxListeners } from 'node:events'
import { homedir } from 'node:os'
import { AbortedError } from '../lib/errors.ts'
import { runCli } from './cli.ts'
import { OutputClosedError } from './io.ts'
import { placesFrom } from './places.ts'

/** The operator's own end: Ctrl-C twice, exit code 8 as for every abort. */
const ABORTED = 8

const controller = new AbortController()
// Every host and command of a run listens to it: many are no leak.
setMaxListeners(0, controller.signal)

let letGo = 'fleet runs shows where the hosts stand'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // A second one lets go at once: what runs on the hosts ends its step there and can be resumed.
    if (controller.signal.aborted) {
      process.stderr.write(`let go: ${letGo}\n`)
      process.exit(ABORTED)
    }
    controller.abort(
      new AbortedError(`stopped by ${signal}`, { hint: 'run it again: what is done stays done' }),
    )
  })
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  controller.abort(new OutputClosedError())
})
// Nobody reads our messages: no reason to stop the work.
process.stderr.on('error', () => {})

const exitCode = await runCli(
  {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    onLetGo: words => (letGo = words),
    now: () => new Date(),
  },
  { places: placesFrom(import.meta.dirname) },
)

// Pipes are written to asynchronously: leave only when the last byte has gone.
await Promise.all(
  [process.stdout, process.stderr].map(stream => new Promise(resolve => stream.write('', resolve))),
)
process.exit(exitCode)
