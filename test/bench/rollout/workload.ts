import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Already there in the lab's machines, so that no row measures a mirror. */
export const PACKAGES = [
  'ca-certificates',
  'cron',
  'curl',
  'dbus',
  'iproute2',
  'iptables',
  'nftables',
  'openssh-server',
  'procps',
  'sudo',
] as const
/** Plain files are copied, templates are rendered by each tool with its own engine. */
export const PLAIN = 15
export const TEMPLATES = 10
export const UNITS = 5
export const USERS = 5
export const CRON = 5

/** Forty lines of settings, as a service's file has. */
const SETTINGS = Array.from({ length: 40 }, (_, line) => `setting_${line} = value of setting ${line}\n`).join(
  '',
)

/** Body of a plain file or a template, by its number; the round makes it new. */
export const bodyOf = (number: number, round: string): string =>
  `# file ${number}, round ${round}\n${SETTINGS}`

/** The same as a template of Jinja, which Ansible and pyinfra share. */
export const TEMPLATE = `# file {{ number }}, round {{ round }}\n${SETTINGS}`

/** Writes the plain files that every tool copies, for a round. */
export async function writePlainFiles(folder: string, round: string): Promise<void> {
  await mkdir(join(folder, 'files'), { recursive: true })
  await Promise.all(
    Array.from({ length: PLAIN }, (_, index) =>
      writeFile(join(folder, 'files', `file-${index + 1}.conf`), bodyOf(index + 1, round)),
    ),
  )
}

/** Run once inside each machine: what the tools then find as it should be, or start from. */
export const PREPARE = [
  'set -eu',
  'mkdir -p /etc/bench',
  `for n in $(seq ${UNITS}); do`,
  `  printf '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/bench$n.service`,
  'done',
  'systemctl daemon-reload',
  // As many hosts as ports, where more hosts are wanted than a computer holds machines.
  `printf 'Port %s\\n' 22 2201 2202 2203 >/etc/ssh/sshd_config.d/20-bench.conf`,
  'systemctl restart ssh',
].join('\n')
