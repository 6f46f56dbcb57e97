import type { TaskEntry } from '../lib/task/entry.ts'

/**
 * Every task, by the words of its command. Nothing is loaded until it is asked for, so `fleet --help` stays as quick
 * as Node itself; a test holds names and summaries equal to the tasks' own.
 */
export const tasks: readonly TaskEntry[] = [
  {
    name: 'abort',
    summary: 'Stop a run after its current step on each host, whoever began it',
    load: () => import('./abort.ts'),
  },
  {
    name: 'apply',
    summary: 'Apply a plan file, or refuse when something has moved',
    load: () => import('./apply.ts'),
  },
  {
    name: 'catch-up',
    summary: 'Bring quarantined hosts to the release of the others and back into service',
    load: () => import('./catch-up.ts'),
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands in the shell',
    load: () => import('./completion.ts'),
  },
  {
    name: 'deploy',
    summary: 'Roll a release of the services out to their hosts',
    load: () => import('./deploy.ts'),
  },
  {
    name: 'diff',
    summary: 'Show what would change, and what is there but no longer declared',
    load: () => import('./diff.ts'),
  },
  {
    name: 'exec',
    summary: 'Run a command on the hosts, with their output folded where they agree',
    load: () => import('./exec.ts'),
  },
  {
    name: 'finish',
    summary: 'Stop the old slot, and run the contract migration of what serves',
    load: () => import('./finish.ts'),
  },
  {
    name: 'get',
    summary: 'Copy a file or a folder from the hosts to this machine',
    load: () => import('./get.ts'),
  },
  {
    name: 'history',
    summary: 'Show who ran what on the hosts, when, why, and how it went',
    load: () => import('./history.ts'),
  },
  { name: 'hosts', summary: 'List the hosts of the fleet', load: () => import('./hosts.ts') },
  {
    name: 'lab cut',
    summary: 'Cut a lab machine off the network: silence, no refusals',
    load: () => import('./lab/cut.ts'),
  },
  {
    name: 'lab down',
    summary: "End the lab's machines and all that was made for them",
    load: () => import('./lab/down.ts'),
  },
  {
    name: 'lab fill',
    summary: 'Fill the disk of a lab machine where releases and state are written',
    load: () => import('./lab/fill.ts'),
  },
  { name: 'lab heal', summary: 'Undo every fault of a lab machine', load: () => import('./lab/heal.ts') },
  {
    name: 'lab pause',
    summary: 'Freeze all processes of a lab machine',
    load: () => import('./lab/pause.ts'),
  },
  {
    name: 'lab slow',
    summary: 'Make every round trip with a lab machine take longer',
    load: () => import('./lab/slow.ts'),
  },
  {
    name: 'lab status',
    summary: "Show the lab's machines and the faults they suffer from",
    load: () => import('./lab/status.ts'),
  },
  { name: 'lab up', summary: "Make the lab's machines on this computer", load: () => import('./lab/up.ts') },
  {
    name: 'logs',
    summary: "Show one user's log from every server, in true time order",
    load: () => import('./logs.ts'),
  },
  {
    name: 'maintenance',
    summary: 'Show the users of a service its maintenance page, or let them in again',
    load: () => import('./maintenance.ts'),
  },
  {
    name: 'pause',
    summary: 'Hold new requests at the proxies for a few seconds, then let them through',
    load: () => import('./pause.ts'),
  },
  {
    name: 'plan',
    summary: 'Show what provision and deploy would change, file by file',
    load: () => import('./plan.ts'),
  },
  { name: 'provision', summary: 'Make bare VPSes into safe servers', load: () => import('./provision.ts') },
  {
    name: 'prune',
    summary: 'Remove what is there but no longer declared, asked for by name',
    load: () => import('./prune.ts'),
  },
  {
    name: 'put',
    summary: 'Copy a file or a folder to the hosts, whole or not at all',
    load: () => import('./put.ts'),
  },
  {
    name: 'releases',
    summary: 'List the releases of a service: who, when, where, and the way back to each',
    load: () => import('./releases.ts'),
  },
  {
    name: 'resume',
    summary: 'Go on with a run that was interrupted, from any machine',
    load: () => import('./resume.ts'),
  },
  {
    name: 'retry',
    summary: 'Run a task again on the hosts that a run did not get through on',
    load: () => import('./retry.ts'),
  },
  {
    name: 'rollback',
    summary: 'Send all traffic back to the release before, in one flip',
    load: () => import('./rollback.ts'),
  },
  {
    name: 'runs',
    summary: 'List the latest runs on the hosts, whoever began them',
    load: () => import('./runs.ts'),
  },
  { name: 'show', summary: 'Show how a run stands on each of its hosts', load: () => import('./show.ts') },
  {
    name: 'ssh',
    summary: 'Open a shell on a host, or run one command there',
    load: () => import('./ssh.ts'),
  },
  {
    name: 'status',
    summary: 'Show every host: release, slot, health, load, disk, workers, last deploy',
    load: () => import('./status.ts'),
  },
  {
    name: 'swap',
    summary: 'Start a release in the idle slot and send all traffic to it',
    load: () => import('./swap.ts'),
  },
  {
    name: 'users list',
    summary: 'List users of the service, with their state and who holds them',
    load: () => import('./users/list.ts'),
  },
  { name: 'users resync', summary: 'Let users be synchronised now', load: () => import('./users/resync.ts') },
  {
    name: 'users unlock',
    summary: 'Free users whose worker is gone, and let them be synchronised again',
    load: () => import('./users/unlock.ts'),
  },
  {
    name: 'workers set',
    summary: 'Set how many workers each sync host runs',
    load: () => import('./workers/set.ts'),
  },
]
