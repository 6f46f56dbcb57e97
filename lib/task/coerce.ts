import { z } from 'zod'
import { peel } from './params.ts'

/**
 * What a text from the command line means to a schema. A text that does not fit stays as it is, so that the schema's
 * own check says what is wrong with it.
 */
export function coerce(schema: z.core.$ZodType, given: unknown): unknown {
  const { inner } = peel(schema)
  if (inner instanceof z.ZodArray)
    return Array.isArray(given) ? given.map(each => coerce(inner.element, each)) : given
  if (typeof given !== 'string') return given
  if (inner instanceof z.ZodUnion) return coerceToMember(inner.options, given)
  if (inner instanceof z.ZodLiteral) return [...inner.values].find(value => String(value) === given) ?? given
  switch (inner._zod.def.type) {
    case 'number':
      return /^[+-]?\d+(?:\.\d+)?$/.test(given) ? Number(given) : given
    case 'bigint':
      return /^[+-]?\d+$/.test(given) ? BigInt(given) : given
    case 'boolean':
      return (
        new Map<string, unknown>([
          ['true', true],
          ['false', false],
        ]).get(given) ?? given
      )
    case 'date':
      return Number.isNaN(Date.parse(given)) ? given : new Date(given)
    default:
      return given
  }
}

function coerceToMember(members: readonly z.core.$ZodType[], given: string): unknown {
  for (const member of members) {
    const value = coerce(member, given)
    if (z.safeParse(member, value).success) return value
  }
  return given
}
