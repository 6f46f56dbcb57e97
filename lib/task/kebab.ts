/** `dryRun` as it is written on a command line: `dry-run`. */
export const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
