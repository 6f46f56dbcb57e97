import type { OpenPort } from '../fleet/ports.ts'
import { authorizedKeys } from '../resource/kinds/authorized-keys.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { nftables } from '../resource/kinds/nftables.ts'
import { packages } from '../resource/kinds/packages.ts'
import { swapFile } from '../resource/kinds/swap-file.ts'
import { sysctl } from '../resource/kinds/sysctl.ts'
import { unit } from '../resource/kinds/unit.ts'
import { user } from '../resource/kinds/user.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import { sh } from '../shell/sh.ts'

/** The file bodies of the baseline, rendered by the task from `templates/`. */
export interface BaselineBodies {
  readonly sshd: string
  readonly journald: string
  readonly unattendedUpgrades: string
}

const reloadSshd: Handler = { id: 'reload ssh', script: 'systemctl reload ssh' }
const restartJournald: Handler = { id: 'restart journald', script: 'systemctl restart systemd-journald' }

/**
 * The way in: the operators' user with its keys and sudo. Applied with the machine's first login, and proven by a
 * login of its own before anything else is closed.
 */
export function accessBaseline(name: string, keys: readonly string[]): readonly Resource[] {
  return [
    packages(['sudo']),
    user({ name, shell: '/bin/bash' }),
    authorizedKeys({ user: name, keys }),
    file({
      path: `/etc/sudoers.d/50-${name}`,
      content: `# Managed by fleetfile.\n${name} ALL=(ALL:ALL) NOPASSWD: ALL\n`,
      mode: 0o440,
      check: sh`visudo -cqf "$1"`,
    }),
  ]
}

/** A bare VPS made into a safe server: keys only, closed ports, the right time, updates, bounded logs, some swap. */
export function hostBaseline(
  sshPort: number,
  ports: readonly OpenPort[],
  bodies: BaselineBodies,
): readonly Resource[] {
  return [
    packages(['nftables', 'systemd-timesyncd', 'unattended-upgrades', 'cron', 'logrotate']),
    directory({ path: '/etc/fleetfile', mode: 0o755 }),
    file({
      path: '/etc/ssh/sshd_config.d/10-fleetfile.conf',
      content: bodies.sshd,
      mode: 0o644,
      check: sh`sshd -t -f "$1"`,
      notify: [reloadSshd],
    }),
    nftables({ sshPort, ports }),
    // Debian leaves it off: without it the rules are gone after a reboot.
    unit({ name: 'nftables.service', enabled: true }),
    unit({ name: 'systemd-timesyncd.service', enabled: true }),
    file({
      path: '/etc/apt/apt.conf.d/60fleetfile-upgrades',
      content: bodies.unattendedUpgrades,
      mode: 0o644,
    }),
    directory({ path: '/etc/systemd/journald.conf.d', mode: 0o755 }),
    file({
      path: '/etc/systemd/journald.conf.d/10-fleetfile.conf',
      content: bodies.journald,
      mode: 0o644,
      notify: [restartJournald],
    }),
    sysctl({
      name: 'fleetfile',
      values: { 'vm.swappiness': '10', 'net.ipv4.tcp_syncookies': '1' },
      ifPossible: true,
    }),
    swapFile({ path: '/swapfile', mebibytes: 1024 }),
  ]
}
