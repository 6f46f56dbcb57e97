import { programText } from './program-text.ts'
import type { Connect } from '../../lib/transport/transport.ts'
import { recordingTransport, type Answer, type Executed } from '../../lib/transport/recording.ts'

/** More sections than any program of the tests asks for. */
const SECTIONS = 60

/** What the looking programs find on a host, instead of nothing. */
export interface Found {
  /** What lies about, in the format of `seenScript`. */
  readonly things?: string
}

export interface BlankHosts {
  readonly connect: Connect
  /** Executions by host. */
  readonly executions: () => Readonly<Record<string, number>>
}

/** A program as text, and the nonce in it. */
function read({ stdin }: Executed): { program: string; nonce: string } {
  const program = programText(stdin)
  return { program, nonce: /^nonce=(.*)$/m.exec(program)?.[1] ?? '' }
}

function answer(executed: Executed, { things = '\0end\0' }: Found): Answer {
  const { program, nonce } = read(executed)
  if (program.includes('runuser -u nobody')) return { stdout: `${nonce} end\n` }
  if (program.includes('section files')) return { stdout: things }
  if (program.includes('timeout -k')) throw new Error('a host that is only looked at was to be changed')
  const section = `\n${nonce} begin\n\n${nonce} end 0\n`
  return { stdout: section.repeat(SECTIONS), stderr: `\n${nonce} begin\n`.repeat(SECTIONS) }
}

/** Hosts on which there is nothing at all, and which refuse to be changed. */
export function blankHosts(found: Found = {}): BlankHosts {
  const hosts = new Map<string, ReturnType<typeof recordingTransport>>()
  return {
    executions: () => Object.fromEntries([...hosts].map(([name, { cost }]) => [name, cost.executions])),
    connect: target => {
      const transport = recordingTransport({
        host: target.name,
        user: target.user,
        expect: [
          { command: /^(gzip -dc \| )?sh$/, times: 'any', reply: executed => answer(executed, found) },
        ],
      })
      hosts.set(target.name, transport)
      return Promise.resolve(transport)
    },
  }
}
