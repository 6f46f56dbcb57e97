import { z } from 'zod'
import { text, texts } from './service-base-schema.ts'

/** A path of a URL. */
export const path = z.string().startsWith('/', 'must be a path that starts with "/"')

/** A path as a request has it, before any `?`. */
const keptPath = path.regex(/^[\w./:&=~%+@-]+$/, 'must be a path of letters, digits and ./:&=~%+@-')

const frontDoor = {
  role: text,
  kind: z.enum(['haproxy', 'nginx', 'trafficserver']).exactOptional(),
  names: texts.min(1),
  certificate: text.exactOptional(),
  maintenance: text.exactOptional(),
  cache: z.strictObject({ keep: z.array(keptPath).exactOptional() }).exactOptional(),
}

/** The proxies in front of a service. */
export const frontDoorSchema = z.strictObject(frontDoor)

/** The same in front of whole hosts, which say where they are reached. */
export const hostDoorSchema = z.strictObject({
  ...frontDoor,
  port: z.number().int().min(1).max(65_535),
  health: path,
})

/** What goes into a request's head, and cannot end it. */
const header = z.string().regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII, in one line')

export const probeSchema = z.strictObject({
  path: path.exactOptional(),
  perSecond: z.number().positive().max(1000).exactOptional(),
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'is no name for a header'), header)
    .exactOptional(),
  maxErrors: z.number().int().min(0).exactOptional(),
  timeoutSeconds: z.number().positive().max(600).exactOptional(),
})
