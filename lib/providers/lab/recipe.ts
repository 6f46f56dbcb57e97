import { createHash } from 'node:crypto'
import { type Debian, DEFAULT_DEBIAN } from './debian.ts'

/** Everything the lab's base image is made from. */
export interface Recipe {
  /** The Dockerfile for a given bare Debian image. */
  dockerfile(from: string): string
  /** The executable files that go beside it. */
  readonly files: Readonly<Record<string, string>>
  readonly tag: string
}

/** What the images of VPS providers have as well: cloud-init brings Python. Nothing of ours needs it. */
const PACKAGES =
  'systemd systemd-sysv systemd-timesyncd dbus openssh-server sudo ca-certificates iproute2 curl procps nftables iptables cron python3'

const MASKED = [
  'getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer',
  'fstrim.timer systemd-udevd.service systemd-resolved.service',
].join(' ')

/* `remount,rw` alone is refused as busy. The resolver is our own because Docker's lives in the VPS's
   netfilter rules, and the first `nft flush ruleset` would end all name resolution. */
const INIT = `#!/bin/sh
for m in $(awk '$3=="cgroup"||$2=="/sys/fs/cgroup"{print $2}' /proc/mounts); do
  mount -o remount,bind,rw "$m"
done
mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net
[ ! -s /usr/local/lib/fleetlab/resolv.conf ] || cat /usr/local/lib/fleetlab/resolv.conf > /etc/resolv.conf
exec /lib/systemd/systemd
`

const APT_PROXY = `#!/bin/bash
# apt asks this which proxy to take: the lab's package cache while it answers, none otherwise.
read -r cache 2>/dev/null < /usr/local/lib/fleetlab/cache
if [ -n "$cache" ] && [[ $1 != https:* ]] && curl --silent --max-time 1 --output /dev/null "http://$cache/"
then echo "http://$cache"
else echo DIRECT
fi
`

const dockerfile = (from: string, withCa: boolean): string => `FROM ${from}
ENV container=docker
RUN printf '%s\\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/locale/*' \\
      'path-exclude=/usr/share/doc/*' 'path-include=/usr/share/doc/*/copyright' > /etc/dpkg/dpkg.cfg.d/fleetlab \\
 && printf '%s\\n' 'Acquire::Languages "none";' > /etc/apt/apt.conf.d/90fleetlab
RUN export DEBIAN_FRONTEND=noninteractive \\
 && apt-get update -q && apt-get install -qy --no-install-recommends ${PACKAGES} && apt-get clean \\
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* /etc/machine-id && touch /etc/machine-id \\
 && find /var/log -type f -delete
RUN systemctl mask ${MASKED} && systemctl enable ssh \\
 && echo 'HostKey /etc/ssh/ssh_host_ed25519_key' > /etc/ssh/sshd_config.d/10-fleetlab.conf \\
 && echo 'Acquire::http::Proxy-Auto-Detect "/usr/local/lib/fleetlab/apt-proxy";' >> /etc/apt/apt.conf.d/90fleetlab
${withCa ? 'COPY host-ca.crt /usr/local/share/ca-certificates/fleetlab-host.crt\nRUN update-ca-certificates' : ''}
COPY init apt-proxy /usr/local/lib/fleetlab/
STOPSIGNAL SIGRTMIN+3
CMD ["/usr/local/lib/fleetlab/init"]
`

/** The name of the images that VPSes of this Debian start from. */
export const vpsRepository = (debian: Debian): string =>
  debian === DEFAULT_DEBIAN ? 'fleetfile-lab' : `fleetfile-lab-${debian}`

/** The recipe of a lab's VPSes, with the CA bundle of this machine when it has one. */
export function vpsRecipe(caBundle: string | undefined, debian: Debian = DEFAULT_DEBIAN): Recipe {
  const files = {
    init: INIT,
    'apt-proxy': APT_PROXY,
    ...(caBundle === undefined ? {} : { 'host-ca.crt': caBundle }),
  }
  return {
    dockerfile: from => dockerfile(from, caBundle !== undefined),
    files,
    tag: `${vpsRepository(debian)}:${hashOf([dockerfile('', caBundle !== undefined), ...Object.values(files)])}`,
  }
}

/**
 * How long an index is not asked for again. Its own 27 s let ten machines at once refresh it, which it is not made for:
 * one of them renames the file that another writes, and that machine waits for ever.
 */
const INDEX_SECONDS = 6 * 3600

/** The recipe of the package cache, on top of a VPS's image. */
export function cacheRecipe(base: string): Recipe {
  const text = (from: string): string => `FROM ${from}
RUN export DEBIAN_FRONTEND=noninteractive \\
 && apt-get update -q && apt-get install -qy --no-install-recommends apt-cacher-ng && apt-get clean \\
 && rm -rf /var/lib/apt/lists/* && mkdir -p /run/apt-cacher-ng && chown apt-cacher-ng: /run/apt-cacher-ng
USER apt-cacher-ng
STOPSIGNAL SIGTERM
CMD ["apt-cacher-ng", "-c", "/etc/apt-cacher-ng", "ForeGround=1", "SocketPath=", "FreshIndexMaxAge=${INDEX_SECONDS}"]
`
  return { dockerfile: text, files: {}, tag: `fleetfile-lab-cache:${hashOf([text(base)])}` }
}

const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12)
