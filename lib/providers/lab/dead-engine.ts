import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** Where dockerd and the containerd that it starts write their process numbers. */
const PID_FILES = ['docker.pid', 'docker/containerd/containerd.pid'] as const

/** Whether an engine wrote down process numbers that it did not take away; true as well where this user may not look. */
export async function leftPidFiles(run = '/var/run'): Promise<boolean> {
  const found = await Promise.all(
    PID_FILES.map(file =>
      access(join(run, file)).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
      ),
    ),
  )
  return found.includes(true)
}

/**
 * Takes away the process numbers of an engine that was killed. dockerd 20.10
 * believes any process with such a number, a zombie too, to be the one that
 * wrote it, waits for a socket that nobody opens, and gives up (seen on a
 * machine without systemd, where /run outlives a restart). One that still ends
 * gets the 15 s that dockerd itself gives its containers.
 */
export const forgetDeadEngine = (run = '/var/run'): string => `\
lives() { pid=$(cat "$1") && tr '\\0' ' ' <"/proc/\${pid:-none}/cmdline" | grep -q "$2"; } 2>/dev/null
forget() { for i in $(seq 60); do lives "$@" || { rm -f "$1"; return; }; sleep .25; done; }
forget ${run}/docker.pid dockerd
containerd=${run}/docker/containerd/containerd
{ [ -S $containerd.sock ] && lives $containerd.pid docker/containerd; } || forget $containerd.pid docker/containerd`
