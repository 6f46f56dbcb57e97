/** Global options that take the next word as their value. */
const VALUED = new Set(['--fleet', '--on', '--concurrency', '--timeout', '--wait', '--message', '-m'])
const FLAGS = /^(?:--json|--plan|--yes|--verbose|--help|--version|-v+|-h|-V)$/

/** Whether the next word is the value of this global option. */
export const isGlobalWithValue = (arg: string): boolean => VALUED.has(arg)

const isGlobal = (arg: string) =>
  FLAGS.test(arg) || [...VALUED, '--yes'].some(name => arg.startsWith(`${name}=`))

/**
 * The same arguments with `--yes` made one word, since commander would take the command in `fleet --yes deploy` for
 * its value, and with `help <command>` as `<command> --help`.
 */
export function normalise(argv: readonly string[]): string[] {
  const words: string[] = []
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  for (let index = 0; index < end; index++) {
    const [arg = '', next] = [argv[index], argv[index + 1]]
    if (arg !== '--yes') words.push(arg)
    else if (index + 1 < end && next !== undefined && /^\d+$/.test(next)) {
      words.push(`--yes=${next}`)
      index++
    } else words.push('--yes=')
  }
  return [...(words[0] === 'help' ? [...words.slice(1), '--help'] : words), ...argv.slice(end)]
}

/** The words that may name the command: everything before the first option that is not a global one. */
export function commandWords(argv: readonly string[]): string[] {
  const words: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] ?? ''
    if (VALUED.has(arg)) index++
    else if (isGlobal(arg)) continue
    else if (arg.startsWith('-')) break
    else words.push(arg)
  }
  return words
}
