import type { ProxyKind } from '../fleet/front-door-model.ts'
import type { Kind, Resource } from '../resource/resource.ts'
import { quote } from '../shell/quote.ts'

/** What the kernel calls each proxy's processes; systemd itself listens for Traffic Server. */
const OWN: Readonly<Record<ProxyKind, readonly string[]>> = {
  haproxy: ['haproxy'],
  nginx: ['nginx'],
  trafficserver: ['systemd', 'traffic_', '[TS_MAIN]', '[ET_'],
}

/** Programs that listen on 80 or 443 already, which are not the proxy. */
const strangersTo = (kind: ProxyKind, programs: readonly string[]): readonly string[] =>
  programs.filter(program => !OWN[kind].some(own => program.startsWith(own)))

const freePortsKind: Kind<ProxyKind, readonly string[]> = {
  name: 'free ports',
  observe: () =>
    `! command -v ss >/dev/null || ss -Hltnp '( sport = :80 or sport = :443 )' | grep -oE '\\(\\("[^"]*"' | sort -u || :`,
  parse: (output, wanted) => {
    const programs = output.split('\n').flatMap(line => /^\(\("(.*)"$/.exec(line)?.[1] ?? [])
    return wanted.map(kind => strangersTo(kind, programs))
  },
  diff: (kind, strangers) =>
    strangers.length === 0
      ? undefined
      : { action: 'change', detail: `${strangers.join(', ')} to leave ports 80 and 443 to ${kind}` },
  /** Never done by itself: whoever stops a proxy sends its users away. */
  act: (kind, strangers) => [
    {
      title: `see that ports 80 and 443 are free for ${kind}`,
      script: `printf '%s\\n' ${quote(
        `${strangers.join(', ')} listens on port 80 or 443: bring its users to another host of the role first, or stop it when few are there (systemctl disable --now ...)`,
      )} >&2
exit 1`,
    },
  ],
}

/** Refuses a host whose front ports another program has, such as a proxy of another kind, before anything changes there. */
export const freePorts = (kind: ProxyKind): Resource<ProxyKind, readonly string[]> => ({
  id: `ports 80 and 443 for ${kind}`,
  kind: freePortsKind,
  wanted: kind,
  notify: [],
})
