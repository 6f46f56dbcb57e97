/** What a broker holds, as far as it is managed. */
export interface Broker {
  /** RabbitMQ is there and does not answer. */
  readonly down: boolean
  readonly vhosts: ReadonlySet<string>
  readonly users: ReadonlyMap<string, { readonly hash: string; readonly tags: readonly string[] }>
  /** `configure write read` by `user vhost`. */
  readonly permissions: ReadonlyMap<string, string>
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : [])

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A list, or in older exports one text with commas. */
const tags = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(text) : text(value).split(',').filter(Boolean)

function parsed(output: string): Fields {
  try {
    const value: unknown = JSON.parse(output)
    return isFields(value) ? value : {}
  } catch {
    return {}
  }
}

/** Reads `rabbitmqctl export_definitions`; nothing was printed where RabbitMQ is not installed. */
export function readDefinitions(output: string): Broker {
  const { vhosts, users, permissions } = parsed(output)
  return {
    down: output.trim().endsWith('down'),
    vhosts: new Set(list(vhosts).map(({ name }) => text(name))),
    users: new Map(
      list(users).map(user => [
        text(user['name']),
        { hash: text(user['password_hash']), tags: tags(user['tags']) },
      ]),
    ),
    permissions: new Map(
      list(permissions).map(({ user, vhost, configure, write, read }) => [
        `${text(user)} ${text(vhost)}`,
        [configure, write, read].map(text).join(' '),
      ]),
    ),
  }
}
