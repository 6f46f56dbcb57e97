import { z } from 'zod'
import type { Task } from './define.ts'
import { kebab } from './kebab.ts'
import type { NameOf } from './names.ts'

/** One parameter of a task, as the command line sees it. */
export interface Param {
  readonly key: string
  /** `dryRun` is `dry-run`. */
  readonly name: string
  readonly kind: 'boolean' | 'number' | 'text'
  readonly isArray: boolean
  readonly isRequired: boolean
  /** Given by position instead of by option. */
  readonly isArgument: boolean
  readonly choices: readonly string[]
  readonly defaultValue: unknown
  readonly description: string
  readonly names: NameOf | undefined
  readonly schema: z.core.$ZodType
}

/** A schema without its wrappers, and what those said. */
export interface Peeled {
  readonly inner: z.core.$ZodType
  readonly defaultValue?: unknown
  readonly description?: string
  readonly names?: NameOf
}

/** Takes optional, default, nullable, readonly, catch and the output side of transforms off a schema. */
export function peel(schema: z.core.$ZodType): Peeled {
  const { description, names } = z.globalRegistry.get(schema) ?? {}
  const said = {
    ...(description === undefined ? {} : { description }),
    ...(names === undefined ? {} : { names }),
  }
  const wrapped = unwrap(schema)
  if (wrapped === undefined) return { inner: schema, ...said }
  const value = schema instanceof z.ZodDefault ? { defaultValue: schema.def.defaultValue } : {}
  return { ...peel(wrapped), ...value, ...said }
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch
  ) {
    return schema.def.innerType
  }
  return undefined
}

/** The texts that a schema takes, when they can be listed. */
export function choicesOf(schema: z.core.$ZodType): readonly string[] {
  const { inner } = peel(schema)
  if (inner instanceof z.ZodEnum) return inner.options.map(String)
  if (inner instanceof z.ZodLiteral) return [...inner.values].map(String)
  if (inner instanceof z.ZodUnion) return inner.options.flatMap(choicesOf)
  return []
}

function kindOf(schema: z.core.$ZodType): Param['kind'] {
  const { type } = peel(schema).inner._zod.def
  if (type === 'boolean') return 'boolean'
  return type === 'number' || type === 'bigint' ? 'number' : 'text'
}

/** The parameters of a task in the order of its schema. Throws a TypeError for a task that no command line can call. */
export function describeParams(task: Pick<Task, 'name' | 'params' | 'args'>): readonly Param[] {
  return Object.entries(task.params.shape).map(([key, schema]) => {
    const outer = peel(schema)
    const array = outer.inner instanceof z.ZodArray ? outer.inner : undefined
    const element = array === undefined ? outer : peel(array.element)
    const { type } = element.inner._zod.def
    if (['object', 'record', 'map', 'set', 'array', 'tuple'].includes(type)) {
      throw new TypeError(`task "${task.name}": parameter "${key}" is a ${type}, which no option can hold`)
    }
    if (/^no[A-Z]/.test(key))
      throw new TypeError(`task "${task.name}": name "${key}" for what it does, without "no"`)
    return {
      key,
      name: kebab(key),
      kind: kindOf(element.inner),
      isArray: array !== undefined,
      isRequired: schema._zod.optin === undefined,
      isArgument: task.args?.includes(key) ?? false,
      choices: choicesOf(element.inner),
      defaultValue: outer.defaultValue,
      description: outer.description ?? element.description ?? '',
      names: outer.names ?? element.names,
      schema,
    }
  })
}
