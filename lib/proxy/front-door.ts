import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import type { ContainerService } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { certificateFolder } from './certificate-folder.ts'

/** Where users reach a service. */
export interface Door {
  /** `https://app.example.com`. */
  readonly origin: string
  /** Certificates to trust; the system's where there are none. */
  readonly ca?: readonly string[]
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g

/**
 * The front door of a service, under its first name. An authority of its own is trusted: the lab's, or the one whose
 * certificate comes with the service's.
 */
export async function frontDoor(
  ctx: Pick<TaskContext, 'fleet' | 'paths' | 'env' | 'secret'>,
  { proxy: { names, certificate } }: Pick<ContainerService, 'proxy'>,
): Promise<Door> {
  const origin = `https://${names[0] ?? 'localhost'}`
  if (certificate !== undefined) {
    const chain = (await ctx.secret(certificate)).reveal().match(CERTIFICATE) ?? []
    return { origin, ca: [...rootCertificates, ...chain] }
  }
  if (ctx.fleet.provider !== 'lab') return { origin }
  // Before the first deploy there is none yet.
  const own = await readFile(join(certificateFolder(ctx), 'ca.pem'), 'utf8').catch(() => undefined)
  return own === undefined ? { origin } : { origin, ca: [own] }
}
