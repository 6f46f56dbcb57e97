import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached, firstVersion } from './installed.ts'
import { COMMAND, type Scene, type Tool } from '../tool.ts'
import type { RowId } from '../rows.ts'
import { CRON, PACKAGES, PLAIN, TEMPLATE, TEMPLATES, UNITS, USERS } from '../workload.ts'

const STRATEGIES = '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy'

const loop = (from: number, to: number): string => `loop: "{{ range(${from}, ${to + 1}) | list }}"`

/** No facts, packages in one call, everything else in loops: as fast as a playbook of 50 resources is written. */
const PLAYBOOK = `- hosts: all
  gather_facts: false
  tasks:
    - apt: { name: ${JSON.stringify(PACKAGES)}, state: present }
    - copy: { src: "files/file-{{ item }}.conf", dest: "/etc/bench/file-{{ item }}.conf", owner: root, group: root, mode: "0644" }
      ${loop(1, PLAIN)}
    - template: { src: page.conf.j2, dest: "/etc/bench/file-{{ number }}.conf", owner: root, group: root, mode: "0644" }
      ${loop(PLAIN + 1, PLAIN + TEMPLATES)}
      loop_control: { loop_var: number }
    - user: { name: "app{{ item }}", shell: /bin/bash }
      ${loop(1, USERS)}
    - systemd: { name: "bench{{ item }}.service", enabled: true, state: started }
      ${loop(1, UNITS)}
    - cron: { name: "bench{{ item }}", minute: "5", hour: "{{ item }}", job: "/bin/true {{ item }}" }
      ${loop(1, CRON)}
      tags: [cron]
`

/** Several: Debian's, the same with mitogen's strategy, PyPI's. */
function ansible(
  name: string,
  family: string,
  binary: string,
  more: { strategy?: string; install: readonly string[]; rows?: readonly RowId[] },
): Tool {
  // Sockets have short paths.
  const slug = name.replaceAll(/[^a-z]+/gi, '-')
  const settings = ({ folder }: Scene) => join(folder, `${slug}.cfg`)
  let runs = 0
  const env = (scene: Scene) => ({
    ANSIBLE_CONFIG: settings(scene),
    // Connections of the round before would be another work: each run is a run from cold.
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(tmpdir(), `fb-${process.pid}-${slug}-${++runs}`),
    ANSIBLE_HOME: join(scene.folder, 'ansible'),
  })
  const play = (scene: Scene, round: string, ...options: readonly string[]) => ({
    argv: [`${binary}-playbook`, '-i', 'hosts.ini', '-e', `round=${round}`, ...options, 'playbook.yml'],
    cwd: scene.folder,
    env: env(scene),
  })
  return {
    name,
    family,
    install: more.install,
    ...(more.rows === undefined ? {} : { rows: more.rows }),
    async version() {
      if (more.strategy !== undefined && !existsSync(more.strategy)) return undefined
      return firstVersion([binary, '--version'])
    },
    async prepare(scene) {
      const { folder, hosts, identity, knownHosts } = scene
      await mkdir(folder, { recursive: true })
      const lines = hosts.map(each => `${each.name} ansible_host=${each.address} ansible_port=${each.port}`)
      const common = [
        'ansible_user=root',
        `ansible_ssh_private_key_file=${identity}`,
        'ansible_python_interpreter=/usr/bin/python3',
      ]
      await writeFile(join(folder, 'hosts.ini'), `${lines.join('\n')}\n\n[all:vars]\n${common.join('\n')}\n`)
      await writeFile(join(folder, 'playbook.yml'), PLAYBOOK)
      await writeFile(join(folder, 'page.conf.j2'), TEMPLATE)
      const ssh = `-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`
      await writeFile(
        settings(scene),
        [
          '[defaults]',
          `forks = ${hosts.length}`,
          'host_key_checking = True',
          ...(more.strategy === undefined
            ? []
            : [`strategy_plugins = ${more.strategy}`, 'strategy = mitogen_linear']),
          '[ssh_connection]',
          'pipelining = True',
          `ssh_args = ${ssh}`,
          '',
        ].join('\n'),
      )
    },
    line(scene, round) {
      const { row, folder, hosts } = scene
      if (row.work === 'apply') return play(scene, round)
      return {
        argv: [binary, 'all', '-i', 'hosts.ini', '-f', String(hosts.length), '-m', 'raw', '-a', COMMAND],
        cwd: folder,
        env: env(scene),
      }
    },
    converge: scene => play(scene, '0', '--tags', 'cron'),
    wrong({ row, hosts }, output) {
      if (row.work === 'command') {
        return output.split('| CHANGED |').length - 1 === hosts.length ? undefined : 'not all hosts answered'
      }
      const wanted = row.changes === true ? /changed=2 / : /changed=0 /
      const recap = output.split('\n').filter(line => /ok=\d+ +changed=/.test(line))
      const bad = recap.find(line => !wanted.test(line) || !/unreachable=0 +failed=0/.test(line))
      return recap.length === hosts.length ? bad : 'not all hosts have ended'
    },
  }
}

const pypi = cached('ansible')

export const ANSIBLES: readonly Tool[] = [
  ansible('ansible (Debian)', 'ansible', '/usr/bin/ansible', { install: ['apt', 'ansible-core'] }),
  ansible('ansible with mitogen', 'mitogen', '/usr/bin/ansible', {
    strategy: STRATEGIES,
    install: ['apt', 'ansible-core', 'ansible-mitogen', 'python3-mitogen'],
  }),
  ansible('ansible (PyPI)', 'ansible', pypi.bin('ansible'), {
    install: ['pip', 'ansible', 'ansible-core'],
    // As slow as Debian's: two minutes a row are enough to show it once.
    rows: ['nothing', 'command'],
  }),
]
