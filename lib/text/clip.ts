const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u

const widthOf = (character: string): number => {
  if (ZERO.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** How many columns of a terminal a line without escape sequences takes: wide characters count double. */
export function columnsOf(line: string): number {
  let width = 0
  for (const character of line) width += widthOf(character)
  return width
}

/** The first `columns` columns of a line without escape sequences, with `…` where something was cut. */
export function clip(line: string, columns: number): string {
  let width = 0
  let kept = ''
  for (const character of line) {
    width += widthOf(character)
    if (width > columns) return `${kept.slice(0, -1)}…`
    kept += character
  }
  return kept
}
