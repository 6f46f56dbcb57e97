import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ensureImage } from '../../lib/providers/lab/image.ts'
import { labDebian } from '../../lib/providers/lab/place.ts'

/** What the swap's test runs its machines and its service on; the engine keeps the layers from run to run. */
const PYTHON = `FROM fleetfile-lab-root:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3 ca-certificates && rm -rf /var/lib/apt/lists/*
`
/**
 * What the swap's service is built on: Python with what it loads and no more, since each deploy of each test saves it, and
 * each first one ships it.
 */
const APP = `FROM t-swap-python AS whole
RUN mkdir -p /slim/usr/lib64 /slim/usr/bin /slim/usr/sbin && mkdir -m 1777 /slim/tmp && cp -a /bin /sbin /lib /lib64 /etc /slim && \\
    programs=$(dpkg -L dash coreutils passwd python3-minimal python3.11-minimal | sed -nE 's#^(/usr)?(/s?bin/.*)#/usr\\2#p') && \\
    cp -a --parents $programs /usr/bin/sh /usr/lib/python3.11 /slim && \\
    find /slim -type f -exec ldd {} + 2>/dev/null | grep -o '/lib[^ ]*' | grep -v : | sort -u | xargs cp -L --parents -t /slim
FROM scratch
COPY --from=whole /slim /
`
const HOST = `FROM t-swap-python
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    docker.io iptables haproxy socat openssl curl procps iproute2 openssh-server && \\
    rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
`

const PODMAN = `FROM t-swap-python
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    podman crun containernetworking-plugins iptables curl procps iproute2 openssh-server && \\
    rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
`

/** A VPS with every proxy that a fleet may have, none of them started, nor an sshd but the test's own. */
const proxies = (vps: string): string => `FROM ${vps}
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    haproxy socat nginx trafficserver && rm -rf /var/lib/apt/lists/* && \\
    systemctl disable haproxy nginx trafficserver ssh
`

/** Makes the images of the tests on the lab, where they are missing, so that no test is left out. */
export async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-images-'))
  const emit = (event: { type: string; text?: string }) => {
    if (event.type === 'note') process.stdout.write(`${event.text}\n`)
  }
  const call = { emit, signal: new AbortController().signal }
  const vps = await ensureImage(folder, call)
  // Most tests that have a container of the lab can have it of another Debian: FLEET_LAB_DEBIAN=trixie npx vitest ...
  await ensureImage(folder, call, labDebian(process.env))
  await rm(folder, { recursive: true })
  const build = (tag: string, input: string) => execa('docker', ['build', '--tag', tag, '-'], { input })
  const onPython = async () => {
    await build('t-swap-python', PYTHON)
    await Promise.all([build('t-swap-app', APP), build('t-docker-host', HOST), build('t-podman', PODMAN)])
  }
  await Promise.all([onPython(), build('t-proxy-host', proxies(vps))])
}
