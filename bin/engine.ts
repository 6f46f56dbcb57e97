import { FleetError } from '../lib/errors.ts'
import type { FleetEvent } from '../lib/events/event.ts'
import { inspectEngine, installEngine } from '../lib/providers/lab/engine.ts'
import { renderError } from '../lib/ui/error.ts'
import { askAtTerminal } from '../lib/ui/prompt.ts'

/** What `npm test` and `npm run demo` need before anything else: a Docker engine, installed only when that was agreed to. */
async function readyEngine(signal: AbortSignal): Promise<void> {
  const report = await inspectEngine()
  if (report.ready) return
  const list = report.steps.map(({ argv }) => `  ${argv.join(' ')}\n`).join('')
  const { env, stdin, stderr } = process
  // npm hands `npm test --yes` on as npm_config_yes.
  const agreed =
    env.CI === 'true' ||
    env.npm_config_yes === 'true' ||
    process.argv.includes('--yes') ||
    (stdin.isTTY &&
      (await askAtTerminal(
        { message: `${report.reason}. The lab needs it; this would run:\n${list}Go on?` },
        { input: stdin, output: stderr, signal },
      )))
  if (!agreed) {
    stderr.write(
      `error: ${report.reason}, and nobody agreed to:\n${list}hint: run it yourself, or add --yes\n`,
    )
    process.exit(2)
  }
  const emit = (event: FleetEvent) => void (event.type === 'note' && stderr.write(`${event.text} ...\n`))
  await installEngine(report.steps, { emit, signal })
}

try {
  await readyEngine(new AbortController().signal)
} catch (error) {
  if (!(error instanceof FleetError)) throw error
  process.stderr.write(renderError(error, false))
  process.exit(error.exitCode)
}
