import { writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { quote } from '../shell/quote.ts'
import type { Secret } from '../shell/secret.ts'

/** Brings ssh's question to our socket and our answer back; what is no question (ssh waits for a touch) ends at once. */
const CLIENT = `
if (process.env.SSH_ASKPASS_PROMPT === 'none') process.exit(0)
let said = ''
require('node:net').connect(process.argv[1]).setEncoding('utf8')
  .on('error', () => process.exit(1))
  .on('data', part => (said += part))
  .on('end', () => process.stdout.write(said.slice(1), () => process.exit(said.startsWith('=') ? 0 : 1)))
  .end(process.argv[2] ?? '')`

/** Answers one question of ssh, as it words it; undefined refuses. */
export type AnswerPrompt = (prompt: string) => Promise<Secret | undefined>

/** Lets an OpenSSH client ask us instead of the terminal: an SSH_ASKPASS program that holds nothing itself. */
export class Askpass {
  /** What the client's environment takes. */
  readonly env: Readonly<Record<string, string>>
  readonly #server: Server

  private constructor(server: Server, program: string) {
    this.#server = server
    // DISPLAY: what makes clients before OpenSSH 8.4 use the program.
    this.env = { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':fleet' }
  }

  /** Starts one in a folder that only we can read. */
  static async start(folder: string, answer: AnswerPrompt): Promise<Askpass> {
    const [program, socket] = [join(folder, 'askpass'), join(folder, 'a')]
    const server = createServer({ allowHalfOpen: true }, client => {
      let prompt = ''
      client.setEncoding('utf8')
      client.on('error', () => undefined)
      client.on('data', (part: string) => (prompt += part))
      client.on('end', () => void reply(client, prompt, answer).catch(() => client.destroy()))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socket, resolve)
    })
    server.unref()
    const line = [execPath, '-e', CLIENT, '--', socket].map(quote).join(' ')
    await writeFile(program, `#!/bin/sh\nexec ${line} "$1"\n`, { mode: 0o700 })
    return new Askpass(server, program)
  }

  close(): void {
    this.#server.close()
  }
}

async function reply(client: Socket, prompt: string, answer: AnswerPrompt): Promise<void> {
  const secret = await answer(prompt)
  client.end(secret === undefined ? '' : `=${secret.reveal()}`)
}

/** What ssh wants to know (the words of its sshconnect2.c, ssh-pkcs11.c and ssh-sk.c), as we ask for it. */
export function questionOf(
  prompt: string,
): { readonly message: string; readonly isPin: boolean } | undefined {
  const [, file] = /^Enter passphrase for key '(.+)': $/s.exec(prompt) ?? []
  if (file !== undefined) return { message: `Passphrase of ${file}:`, isPin: false }
  const [, label] = /^Enter PIN for (.+): $/s.exec(prompt) ?? []
  if (label === undefined) return undefined
  return { message: `PIN of ${label.replace(/^'(.*)'$/s, '$1')}:`, isPin: true }
}
