import { quote } from '../shell/quote.ts'

/**
 * The shell line that the words of a command line mean: one word is a line as it is (`'uptime | tail -1'`), several are a
 * command and its arguments, each kept whole whatever it holds.
 */
export const commandLine = (words: readonly string[]): string => {
  const [first = ''] = words
  return words.length === 1 ? first : words.map(quote).join(' ')
}
