import { paint } from './paint.ts'
import { sanitise } from '../text/sanitise.ts'

const REPORT_TO = 'https://github.com/fleetfile/fleetfile/issues'

/** `fleet: message`, then what to do about it. */
export function renderError(error: { message: string; hint?: string | undefined }, colour: boolean): string {
  const lines = [`${paint('red', 'error:', colour)} ${sanitise(error.message, 'lines')}`]
  if (error.hint !== undefined)
    lines.push(`${paint('cyan', 'hint:', colour)} ${sanitise(error.hint, 'lines')}`)
  return `${lines.join('\n')}\n`
}

/** An error that nobody foresaw: the stack, as `told`, and where to send it. */
export function renderBug(
  error: unknown,
  colour: boolean,
  told: (stack: string) => string = stack => stack,
): string {
  const stack = error instanceof Error ? told(error.stack ?? error.message) : String(error)
  return [
    `${paint('red', 'bug:', colour)} this should not happen. Please report it with the lines below: ${REPORT_TO}`,
    sanitise(stack, 'lines'),
    '',
  ].join('\n')
}
