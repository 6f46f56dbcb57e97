import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { ConfigError, messageOf } from '../errors.ts'
import type { FleetPlan } from './fleet-plan.ts'
import type { PlannedHost } from './host-plan.ts'

/** Version of the file's format: another one is not read. */
export const PLAN_VERSION = 1

const changeSchema = z.strictObject({
  resource: z.string(),
  action: z.enum(['create', 'change', 'remove', 'run']),
  detail: z.string(),
  diff: z.string().exactOptional(),
})

/** A plan as a file: what was reviewed, and is applied as it is or not at all. Never a secret, nor a hash of one. */
export const planDocumentSchema = z
  .strictObject({
    format: z.literal('fleetfile-plan'),
    version: z.literal(PLAN_VERSION),
    /** Version of the program that wrote it. */
    tool: z.string(),
    fleet: z.string(),
    createdAt: z.iso.datetime(),
    /** `user@machine`. */
    createdBy: z.string(),
    /** Why, in the operator's words. */
    message: z.string().exactOptional(),
    invocation: z.strictObject({
      roles: z.array(z.string()),
      on: z.array(z.string()),
      release: z.string().exactOptional(),
    }),
    /** Ids of the releases, by service. */
    releases: z.record(z.string(), z.string()),
    hosts: z.record(
      z.string(),
      z.strictObject({
        changes: z.array(changeSchema),
        /** Of the changes and of every step behind them. */
        hash: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    ),
  })
  .readonly()

export type PlanDocument = z.output<typeof planDocumentSchema>

/** What a document says beside the plan itself. */
export type PlanOrigin = Pick<
  PlanDocument,
  'tool' | 'fleet' | 'createdAt' | 'createdBy' | 'message' | 'invocation'
>

/** A plan with where it comes from. */
export const planDocument = (
  {
    hosts,
    releases,
  }: {
    readonly hosts: ReadonlyMap<string, Pick<PlannedHost, 'changes' | 'hash'>>
    readonly releases: FleetPlan['releases']
  },
  origin: PlanOrigin,
): PlanDocument => ({
  format: 'fleetfile-plan',
  version: PLAN_VERSION,
  ...origin,
  releases: Object.fromEntries([...releases].map(([service, { id }]) => [service, id])),
  hosts: Object.fromEntries(
    [...hosts].map(([host, { changes, hash }]) => [host, { changes: [...changes], hash }]),
  ),
})

/** Names a plan: equal for the same changes on the same hosts. */
export const hashOfPlan = ({ hosts }: PlanDocument): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(hosts).map(([host, { hash }]) => [host, hash])))
    .digest('hex')

/** Writes the file for its owner alone, whole or not at all. Throws a ConfigError when it cannot. */
export async function writePlan(path: string, document: PlanDocument): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    await writeFile(aside, `${JSON.stringify(document, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(aside, path)
  } catch (cause) {
    await rm(aside, { force: true })
    throw new ConfigError(`cannot write ${path}: ${messageOf(cause)}`, {
      hint: 'give --out a file in a folder of yours',
      cause,
    })
  }
}

const MAKE = 'fleet plan --out plan.json'

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What the parser says quotes the file, which may be one of secrets that was given by mistake.
    throw new ConfigError(`${path} is no plan: not valid JSON`, { hint: MAKE })
  }
}

const headSchema = z.looseObject({ format: z.literal('fleetfile-plan'), version: z.number() })

/**
 * Reads what `fleet plan --out` wrote. Throws a ConfigError for a file that cannot be read, is none, is of another format
 * or program version, or of another fleet.
 */
export async function readPlan(
  path: string,
  here: Pick<PlanDocument, 'tool' | 'fleet'>,
): Promise<PlanDocument> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`cannot read the plan: ${messageOf(cause)}`, { hint: MAKE, cause })
  })
  const value = parsed(text, path)
  const head = headSchema.safeParse(value)
  if (!head.success) throw new ConfigError(`${path} is no plan of fleet`, { hint: MAKE })
  if (head.data.version !== PLAN_VERSION) {
    throw new ConfigError(
      `${path} has format version ${head.data.version}, this program reads version ${PLAN_VERSION}`,
      { hint: `${MAKE}, with this program` },
    )
  }
  const found = planDocumentSchema.safeParse(value)
  if (!found.success) {
    const issues = found.error.issues.map(
      ({ path: at, message }) => `${at.join('.') || 'the whole'}: ${message}`,
    )
    throw new ConfigError(`${path} is damaged`, { issues, hint: MAKE })
  }
  const document = found.data
  if (document.fleet !== here.fleet) {
    throw new ConfigError(`${path} is a plan of fleet "${document.fleet}", not of "${here.fleet}"`, {
      hint: `fleet apply ${path} --fleet ${document.fleet}`,
    })
  }
  if (document.tool !== here.tool) {
    throw new ConfigError(`${path} was made by fleet ${document.tool}, this is fleet ${here.tool}`, {
      hint: `${MAKE}, then look at it again`,
    })
  }
  return document
}
