/** The first line of a command, for a message. */
export const summary = (command: string): string => {
  const [line = ''] = command.trim().split('\n', 1)
  return line.length > 60 || line.length < command.trim().length ? `${line.slice(0, 60)}...` : line
}
