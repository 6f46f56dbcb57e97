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
const HOST = `FROM t-swap-python
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    docker.io iptables haproxy socat openssl curl procps iproute2 && rm -rf /var/lib/apt/lists/*
`

const PODMAN = `FROM t-swap-python
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    podman crun containernetworking-plugins iptables curl procps iproute2 && rm -rf /var/lib/apt/lists/*
`

/** A VPS with every proxy that a fleet may have, none of them started. */
const proxies = (vps: string): string => `FROM ${vps}
RUN export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get install -y --no-install-recommends \\
    haproxy socat nginx trafficserver && rm -rf /var/lib/apt/lists/* && \\
    systemctl disable haproxy nginx trafficserver
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
  await execa('docker', ['build', '--tag', 't-swap-python', '-'], { input: PYTHON })
  await execa('docker', ['build', '--tag', 't-swap-host', '-'], { input: HOST })
  await execa('docker', ['build', '--tag', 't-podman-host', '-'], { input: PODMAN })
  await execa('docker', ['build', '--tag', 't-proxies', '-'], { input: proxies(vps) })
}
