import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, firstVersion } from './installed.ts'
import { COMMAND, type Scene, type Tool } from '../tool.ts'
import { CRON, PACKAGES, PLAIN, TEMPLATE, TEMPLATES, UNITS, USERS } from '../workload.ts'

const { bin } = cached('pyinfra')

const DEPLOY = `from pyinfra import host
from pyinfra.operations import apt, crontab, files, server, systemd

apt.packages(packages=${JSON.stringify(PACKAGES)})
for n in range(1, ${PLAIN + 1}):
    files.put(src=f"files/file-{n}.conf", dest=f"/etc/bench/file-{n}.conf", user="root", group="root", mode="644")
for n in range(${PLAIN + 1}, ${PLAIN + TEMPLATES + 1}):
    files.template(src="page.conf.j2", dest=f"/etc/bench/file-{n}.conf", user="root", group="root", mode="644", number=n, round=host.data.round)
for n in range(1, ${USERS + 1}):
    server.user(user=f"app{n}", shell="/bin/bash")
for n in range(1, ${UNITS + 1}):
    systemd.service(service=f"bench{n}.service", running=True, enabled=True)
for n in range(1, ${CRON + 1}):
    crontab.crontab(cron_name=f"bench{n}", command=f"/bin/true {n}", minute=5, hour=n)
`

const inventory = ({ hosts, identity, knownHosts }: Scene): string => {
  const list = hosts.map(
    ({ name, address, port }) =>
      `    (${JSON.stringify(name)}, dict(ssh_hostname="${address}", ssh_port=${port})),`,
  )
  return `hosts = ([
${list.join('\n')}
], dict(ssh_user="root", ssh_key=${JSON.stringify(identity)}, ssh_known_hosts_file=${JSON.stringify(knownHosts)}, ssh_strict_host_key_checking="yes"))
`
}

const line = ({ folder }: Scene, ...args: readonly string[]) => ({
  argv: [bin('pyinfra'), '-y', 'inventory.py', ...args],
  cwd: folder,
})

/** Current pyinfra, on all hosts at once as it does unless told. */
export const pyinfra: Tool = {
  name: 'pyinfra (PyPI)',
  family: 'pyinfra',
  install: ['pip', 'pyinfra', 'pyinfra'],
  version: () => firstVersion([bin('pyinfra'), '--version']),
  async prepare(scene) {
    await writeFile(join(scene.folder, 'inventory.py'), inventory(scene))
    await writeFile(join(scene.folder, 'deploy.py'), DEPLOY)
    await writeFile(join(scene.folder, 'page.conf.j2'), TEMPLATE)
  },
  line: (scene, round) =>
    scene.row.work === 'apply'
      ? line(scene, 'deploy.py', '--data', `round=${round}`)
      : line(scene, 'exec', '--', COMMAND),
  converge: scene => line(scene, 'deploy.py', '--data', 'round=0'),
  wrong({ row, hosts }, output) {
    if (row.work === 'command')
      return output.split('load average').length - 1 >= hosts.length ? undefined : 'not all hosts answered'
    // Hosts, success, error, no change; a dash for none.
    const [, changed = '?'] = /Grand total\s+\S+\s+(\S+)/.exec(output) ?? []
    const isQuiet = changed === '-'
    return (row.changes === true) === isQuiet ? `changed: ${changed}` : undefined
  },
}
