import { z } from 'zod'
import type { Fleet } from './model.ts'
import type { Known } from './references.ts'
import { fleetSchema } from './schema.ts'

/** What the names in a malformed fleet may still refer to: entries count even where their own content is wrong. */
const outline = z.object({
  roles: z.record(z.string(), z.unknown()),
  hosts: z.record(z.string(), z.unknown()),
  services: z.record(z.string(), z.unknown()),
  secrets: z.array(z.string()),
})

const KEYED = ['roles', 'hosts', 'services'] as const
const OPTIONAL = ['users', 'logs']

/**
 * The part of a malformed fleet that is well formed, so that its references can be checked in the same go. Undefined
 * when too little of it is left.
 */
export function salvage(
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
): { readonly fleet: Fleet; readonly known: Known } | undefined {
  const whole = z.looseObject(outline.shape).safeParse(value)
  if (!whole.success) return undefined
  const broken = new Set(issues.map(({ path }) => path.slice(0, 2).join('.')))
  const sections = Object.entries(whole.data).filter(
    ([name]) => !OPTIONAL.includes(name) || issues.every(({ path }) => path[0] !== name),
  )
  const kept = KEYED.map(section => [
    section,
    Object.fromEntries(
      Object.entries(whole.data[section]).filter(([name]) => !broken.has(`${section}.${name}`)),
    ),
  ])
  const parsed = fleetSchema.safeParse({
    ...Object.fromEntries(sections),
    ...Object.fromEntries(kept),
    // Wrong in a way that no reference depends on.
    ...(issues.some(({ path }) => path[0] === 'name') ? { name: 'fleet' } : {}),
    ...(issues.some(({ path }) => path[0] === 'access') ? { access: { user: 'root' } } : {}),
  })
  if (!parsed.success) return undefined
  const { roles, hosts, secrets } = whole.data
  return {
    fleet: parsed.data,
    known: { role: Object.keys(roles), host: Object.keys(hosts), secret: secrets },
  }
}
