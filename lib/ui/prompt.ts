import { AbortedError } from '../errors.ts'
import type { Question } from '../task/context.ts'
import { Secret } from '../shell/secret.ts'
import type { SecretQuestion } from '../transport/keyring.ts'
import { sanitise } from '../text/sanitise.ts'

export interface PromptStreams {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly signal: AbortSignal
}

/** Asks at the terminal. A question with a count wants the count typed: a habitual "y" must not change 400 users. */
export async function askAtTerminal(question: Question, streams: PromptStreams): Promise<boolean> {
  const { createPromptModule } = await import('inquirer')
  const prompt = createPromptModule({ input: streams.input, output: streams.output, signal: streams.signal })
  const message = sanitise(question.message, 'lines')
  try {
    if (question.count === undefined) {
      const { agreed } = await prompt([{ type: 'confirm', name: 'agreed', message, default: false }])
      return agreed
    }
    const { typed } = await prompt([
      { type: 'input', name: 'typed', message: `${message} Type ${question.count} to go on:` },
    ])
    return typed.trim() === String(question.count)
  } catch (cause) {
    // Ctrl-C at the prompt arrives here and not as a signal, since inquirer reads the terminal raw.
    throw new AbortedError('stopped at the question', { cause })
  }
}

/** Asks at the terminal for a passphrase or password, which shows as nothing while it is typed. */
export async function askSecretAtTerminal(question: SecretQuestion, streams: PromptStreams): Promise<Secret> {
  const { createPromptModule } = await import('inquirer')
  const prompt = createPromptModule({ input: streams.input, output: streams.output, signal: streams.signal })
  const message = sanitise(question.again ? `Wrong, again. ${question.message}` : question.message)
  try {
    const { typed } = await prompt([{ type: 'password', name: 'typed', message }])
    return new Secret('typed', typed)
  } catch (cause) {
    throw new AbortedError('stopped at the question', { cause })
  }
}
