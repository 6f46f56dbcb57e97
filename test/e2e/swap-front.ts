import { ensureCertificate } from '../../lib/container/certificate.ts'
import { healthMap } from '../../lib/container/haproxy.ts'
import { haproxyConfig } from '../../templates/haproxy/haproxy.cfg.ts'
import { NAME, type SwapLab } from './swap-lab.ts'

/** Starts HAProxy in the background, as the lab's proxy has no systemd. */
export const HAPROXY = 'haproxy -W -D -p /run/haproxy.pid -f /etc/haproxy/haproxy.cfg'

/** Sets up the lab's HAProxy with a certificate of its own, and opens the door. */
export async function startFront(lab: SwapLab): Promise<void> {
  const certificate = await ensureCertificate({
    folder: `${lab.folder}/ca`,
    names: ['app.swap.test'],
    now: new Date(),
    signal: new AbortController().signal,
  })
  lab.door = { origin: 'https://app.swap.test', ca: [certificate.ca] }
  const servers = lab.web.flatMap(({ name, address }) => [
    { name: `${name}-blue`, address, port: 8001 },
    { name: `${name}-green`, address, port: 8002 },
  ])
  const services = [
    { name: NAME, names: ['app.swap.test'], health: '/up', healthMap: healthMap(NAME), servers },
  ]
  await lab.lb.sh('cat >/etc/haproxy/cert.pem', certificate.bundle.reveal())
  await lab.lb.sh(
    'cat >/etc/haproxy/haproxy.cfg',
    haproxyConfig({ services, certificate: '/etc/haproxy/cert.pem' }),
  )
  const { exitCode, stderr } = await lab.lb.sh(
    `mkdir -p /run/haproxy && touch ${healthMap(NAME)} && haproxy -c -f /etc/haproxy/haproxy.cfg && ${HAPROXY}`,
  )
  if (exitCode !== 0) throw new Error(stderr.toString())
}

const RUN = '/var/lib/fleetfile/runs/run'

/** Asks the lab's run to stop, as `fleet abort` does. */
export const askToStop = ({ lb }: SwapLab) => lb.sh(`mkdir -p ${RUN}; echo '{}' >${RUN}/stop`)

/** What the proxy's host has noted of the run's last flip; then it forgets the run. */
export const forgetRun = async ({ lb }: SwapLab): Promise<string> =>
  (await lb.sh(`tail -n 1 ${RUN}/flips | cut -d' ' -f1-3; rm -rf ${RUN}`)).stdout.toString().trim()
