import { ensureCertificate } from './certificate.ts'
import { ConfigError } from '../errors.ts'
import type { Secret } from '../shell/secret.ts'
import type { TaskContext } from '../task/context.ts'
import { certificateFolder } from './certificate-folder.ts'
import { proxiedServices } from '../provision/container-hosts.ts'

/**
 * Key, certificate and chain of the proxies of a role, for all names they answer for. A lab has an authority of its own;
 * anywhere else one made on this machine would be another one on the next operator's, so the fleet must name a secret.
 */
export async function proxyCertificate(ctx: TaskContext, role: string): Promise<Secret> {
  const proxied = proxiedServices(ctx.fleet, role, ctx.allHosts)
  const secrets = [...new Set(proxied.flatMap(({ certificate }) => certificate ?? []))]
  const [secret, second] = secrets
  if (second !== undefined) {
    throw new ConfigError(`the services behind ${role} name several certificates: ${secrets.join(', ')}`, {
      hint: 'put all names into one certificate',
    })
  }
  if (secret !== undefined) return ctx.secret(secret)
  if (ctx.fleet.provider !== 'lab') {
    throw new ConfigError(`no certificate for ${proxied.flatMap(({ names }) => names).join(', ')}`, {
      hint: 'name a secret with key, certificate and chain as PEM: proxy: { certificate: ... }',
    })
  }
  const names = [...new Set(proxied.flatMap(service => service.names))]
  const made = await ensureCertificate({
    folder: certificateFolder(ctx),
    names,
    now: ctx.now(),
    signal: ctx.signal,
  })
  return made.bundle
}
