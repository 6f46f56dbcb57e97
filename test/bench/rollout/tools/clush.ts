import { firstVersion } from './installed.ts'
import { COMMAND, type Tool } from '../tool.ts'

/** ClusterShell with OpenSSH below it, all hosts at once. */
export const clush: Tool = {
  name: 'clush (Debian)',
  family: 'clush',
  install: ['apt', 'clustershell'],
  version: () => firstVersion(['clush', '--version']),
  prepare: async () => undefined,
  line: ({ row, hosts, folder, sshConfig }) =>
    row.work === 'command'
      ? {
          // prettier-ignore
          argv: [
            'clush', '-b', '-f', String(hosts.length), '-O', `ssh_options=-F ${sshConfig}`,
            '-w', hosts.map(({ name }) => name).join(','), COMMAND,
          ],
          cwd: folder,
        }
      : undefined,
  wrong: ({ hosts }, output) =>
    /exited with exit code/.test(output) || hosts.some(({ name }) => output.includes(`clush: ${name}:`))
      ? 'not all hosts answered'
      : undefined,
}
