import { allowed } from '../check.ts'
import { restart } from '../handlers.ts'
import type { PathSeen } from '../paths.ts'
import type { Resource } from '../resource.ts'
import { absentFile } from './absent-file.ts'

/** No such file of kernel parameters. What it set stays in the kernel until the next boot. */
export function absentSysctl(name: string): Resource<string, PathSeen> {
  const file = allowed('sysctl name', name, /^[a-z0-9-]{1,40}$/)
  return { ...absentFile(`/etc/sysctl.d/60-${file}.conf`), id: `sysctl ${file}` }
}

/** The system's own limits for its journal. */
export const absentJournald = (): Resource<string, PathSeen> => ({
  ...absentFile('/etc/systemd/journald.conf.d/60-fleet.conf', { notify: [restart('systemd-journald')] }),
  id: 'journald limits',
})
