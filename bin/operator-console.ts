import { constants } from 'node:os'
import type { OperatorConsole } from '../lib/task/context.ts'
import type { Renderer } from '../lib/ui/renderer.ts'
import { isCi } from '../lib/ui/terminal.ts'
import type { Io } from './io.ts'

/** The terminal of this process, lent to a program for as long as it runs. With `--json` stdout stays ours. */
export function operatorConsole(io: Io, json: boolean, renderer: Pick<Renderer, 'pause'>): OperatorConsole {
  const { isTTY = false, columns } = io.stdout
  return {
    ...(isTTY && columns !== undefined && columns > 0 ? { columns } : {}),
    isTerminal: !json && io.stdin.isTTY === true && io.stdout.isTTY === true && !isCi(io.env),
    stdin: async function* () {
      for await (const chunk of io.stdin) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    },
    run: (program, args) =>
      renderer.pause(async () => {
        const { execa } = await import('execa')
        // Ctrl-C reaches it from the terminal itself; ended by us it would leave the terminal raw.
        const { exitCode, signal, cause } = await execa(program, args, {
          stdin: 'inherit',
          stdout: json ? 2 : 'inherit',
          stderr: 'inherit',
          reject: false,
        })
        if (exitCode !== undefined) return exitCode
        if (signal !== undefined) return 128 + constants.signals[signal]
        throw cause
      }),
  }
}
