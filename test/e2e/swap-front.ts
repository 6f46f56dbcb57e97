import { ensureCertificate } from '../../lib/proxy/certificate.ts'
import { frontDoorResources } from '../../lib/proxy/front-door-resources.ts'
import { bodies } from '../../templates/index.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import { converge } from './converge.ts'
import { FrontDoor } from './front-door.ts'
import type { SwapLab } from './swap-lab.ts'

/** Starts HAProxy in the background, as the lab's proxy has no systemd. */
export const HAPROXY = 'haproxy -W -D -p /run/haproxy.pid -f /etc/haproxy/haproxy.cfg'

/** The name that the labs' users ask for. */
const DOOR = 'app.swap.test'

/** Where a lab's users come in: its proxy, under the service's name. */
export const doorOf = (lab: SwapLab): FrontDoor => new FrontDoor(DOOR, () => lab.lb.address)

/** Gives the lab's proxy a certificate of its own and its configuration, and lets the door trust it. */
export async function frontResources(lab: SwapLab, door: FrontDoor): Promise<readonly Resource[]> {
  const certificate = await ensureCertificate({
    folder: `${lab.folder}/ca`,
    names: [DOOR],
    now: new Date(),
    signal: new AbortController().signal,
  })
  lab.door = { origin: `https://${DOOR}`, ca: [certificate.ca] }
  door.ca = certificate.ca
  const servers = lab.web.flatMap(({ name, address }) => [
    { name: `${name}-blue`, address, port: 8001 },
    { name: `${name}-green`, address, port: 8002 },
  ])
  const services = [{ name: lab.name, names: [DOOR], health: '/up', servers }]
  return frontDoorResources(lab.kind, services, certificate.bundle, bodies)
}

/** Sets up the lab's HAProxy and opens the door. */
export async function startFront(lab: SwapLab, door: FrontDoor): Promise<void> {
  const resources = await frontResources(lab, door)
  const isThere = /^(package|unit)/
  // Without systemd nothing is reloaded: it is started below.
  await converge(
    lab.lb,
    resources.filter(({ id }) => !isThere.test(id)).map(resource => ({ ...resource, notify: [] })),
  )
  const { exitCode, stderr } = await lab.lb.sh(
    `mkdir -p /run/haproxy && haproxy -c -f /etc/haproxy/haproxy.cfg && ${HAPROXY}`,
  )
  if (exitCode !== 0) throw new Error(stderr.toString())
}

const RUN = '/var/lib/fleetfile/runs/run'

/** Asks the lab's run to stop, as `fleet abort` does. */
export const askToStop = ({ lb }: SwapLab) => lb.sh(`mkdir -p ${RUN}; echo '{}' >${RUN}/stop`)

/** What the proxy's host has noted of the run's last flip; then it forgets the run. */
export const forgetRun = async ({ lb }: SwapLab): Promise<string> =>
  (await lb.sh(`tail -n 1 ${RUN}/flips | cut -d' ' -f1-3; rm -rf ${RUN}`)).stdout.toString().trim()
