/** Controls, line breaks, and the marks that turn text around: what could repaint a terminal or hide a name. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/**
 * Text that users had a say in, safe for a terminal and a table, cut at `width`. Other than `sanitise`, which removes
 * what is unsafe, it shows it: two users whose names differ in an invisible mark alone must not look the same.
 */
export function printable(text: string, width = 120): string {
  const safe = text.replace(UNSAFE, mark => `\\u{${mark.charCodeAt(0).toString(16)}}`)
  return safe.length > width ? `${safe.slice(0, width - 3)}...` : safe
}
