import { frontOf, proxiedNames } from '../proxy/front.ts'
import type { LiveSlot } from '../proxy/live-slots.ts'
import type { Admission, ProxyServer } from '../proxy/proxy.ts'
import { hasSlots } from '../fleet/pair-model.ts'
import type { TaskContext } from '../task/context.ts'
import { sanitise } from '../text/sanitise.ts'
import { formatDuration } from '../text/duration.ts'

/** What one proxy does for a service. */
export interface FrontState extends Admission {
  readonly service: string
  /** The proxy's host. */
  readonly proxy: string
  /** Hosts without slots that get no requests, and why. */
  readonly out: readonly { readonly host: string; readonly why: string }[]
}

/** What the proxies do with new requests. Those that cannot be read are left out: they are told of elsewhere. */
export async function frontStates(
  ctx: Pick<TaskContext, 'fleet' | 'allHosts' | 'on'>,
): Promise<readonly FrontState[]> {
  const asked = proxiedNames(ctx.fleet).flatMap(service => {
    const spec = ctx.fleet.services[service]
    const isSlotted = spec !== undefined && hasSlots(spec)
    return frontOf(ctx, service).proxies.map(async (proxy): Promise<FrontState[]> => {
      const [admission, servers] = await Promise.all([proxy.admission(), isSlotted ? [] : proxy.read()])
      return [{ service, proxy: proxy.host, ...admission, out: servers.flatMap(whyOut) }]
    })
  })
  return (await Promise.all(asked.map(state => state.catch(() => [])))).flat()
}

function whyOut({ host, admin, health, check }: ProxyServer): FrontState['out'] {
  if (admin !== 'ready') return [{ host, why: admin }]
  return health === 'down' ? [{ host, why: `down: ${check || 'no answer'}` }] : []
}

/** One line for each service whose flip was cut off, so that users get both of its slots. */
export const describeMixed = (live: ReadonlyMap<string, LiveSlot>): readonly string[] =>
  [...live].flatMap(([service, { slot }]) =>
    slot === 'mixed'
      ? [
          `${service}: a flip was cut off, both slots take requests; fleet deploy ${service}, which finishes it`,
        ]
      : [],
  )

/** One line for each thing that users may notice. */
export function describeFront({ service, proxy, maintenance, heldMilliseconds, out }: FrontState): string[] {
  return [
    ...(maintenance ? [`${service}: maintenance page on ${proxy}; fleet maintenance off ${service}`] : []),
    ...(heldMilliseconds > 0
      ? [`${service}: requests are held on ${proxy} for another ${formatDuration(heldMilliseconds)}`]
      : []),
    ...out.map(({ host, why }) => sanitise(`${service}: ${host} gets no requests from ${proxy} (${why})`)),
  ]
}
