const MEANINGS: Readonly<Record<string, string>> = {
  126: ' (its command cannot be executed)',
  127: ' (its command was not found)',
  134: ' (it aborted itself)',
  137: ' (killed: nothing but the kernel, when memory runs out, or a person does that)',
  139: ' (segmentation fault)',
  143: ' (terminated)',
}

/** What an exit code means, in brackets; nothing for those that only the program knows. */
export const meaningOf = (code: string | number): string => MEANINGS[code] ?? ''
