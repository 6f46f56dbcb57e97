/** A name that ends with a number, as its two parts. A number with zeros before it only stands in its own kind of row. */
interface Numbered {
  readonly prefix: string
  readonly digits: string
}

function split(name: string): Numbered {
  const [digits = ''] = /\d{1,9}$/.exec(name) ?? []
  return { prefix: name.slice(0, name.length - digits.length), digits }
}

const follows = (before: Numbered, next: Numbered): boolean =>
  before.digits !== '' &&
  before.prefix === next.prefix &&
  next.digits === String(Number(before.digits) + 1).padStart(before.digits.length, '0')

/** Host names in the order given, three and more in a row as one: `web1, web2, sync1-3`. */
export function hostRanges(names: readonly string[]): string {
  const rows: Numbered[][] = []
  for (const name of names) {
    const next = split(name)
    const row = rows.at(-1)
    const last = row?.at(-1)
    if (row !== undefined && last !== undefined && follows(last, next)) row.push(next)
    else rows.push([next])
  }
  return rows
    .flatMap(row => {
      const [first] = row
      const last = row.at(-1)
      return first === undefined || last === undefined || row.length < 3
        ? row.map(({ prefix, digits }) => prefix + digits)
        : `${first.prefix}${first.digits}-${last.digits}`
    })
    .join(', ')
}
