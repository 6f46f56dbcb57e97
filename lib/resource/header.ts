/** First line of a file that fleet alone writes, where `#` begins a comment: without a declaration it is an orphan. */
export const HEADER = '# Written by fleet.\n'

/** Matches the header in its forms, older ones included, for `grep -E`. */
export const HEADER_PATTERN = '^(#|;|//) ?(Written by fleet|Managed by fleetfile)\\b'

/** Puts the header in front of a file that comes without. */
export const withHeader = (content: string): string =>
  content.startsWith(HEADER) ? content : `${HEADER}${content}`
