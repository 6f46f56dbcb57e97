import { quote } from '../shell/quote.ts'

/** A shell line as root: through `sudo` where the login is another user. The only place that knows how. */
export const elevated = (user: string, command: string): string =>
  user === 'root' ? command : `sudo -n -- sh -c ${quote(command)}`
