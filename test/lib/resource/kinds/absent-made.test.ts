import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { absentContainer } from '../../../../lib/resource/kinds/absent-container.ts'
import { absentTree } from '../../../../lib/resource/kinds/absent-tree.ts'
import { absentProgram } from '../../../../lib/resource/kinds/absent-program.ts'
import { absentUnit } from '../../../../lib/resource/kinds/absent-unit.ts'
import { absentUser } from '../../../../lib/resource/kinds/absent-user.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { folder } from '../../../support/folder.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const STATUS = 'worker_00 RUNNING pid 1\nworker_01 STOPPED\nworker RUNNING\nother_00 RUNNING\n'

test.each<[string, Resource, string, string | undefined, RegExp | undefined]>([
  [
    'a unit that runs',
    absentUnit('old'),
    'there active\n',
    'active',
    /systemctl stop -- old\.service[^]*daemon-reload/,
  ],
  ['no unit', absentUnit('old.timer'), 'absent\n', undefined, undefined],
  [
    'a template of units',
    absentUnit('old@.service'),
    'there active\n',
    'active',
    /stop -- 'old@\*\.service'\n[^]*disable [^\n]* old@\.service [^]*system\/old@\.service\n/,
  ],
  ['a user', absentUser('svc-old'), 'there\n', 'its files stay', /^userdel svc-old$/],
  ['no user', absentUser('svc-old'), 'absent\n', undefined, undefined],
  [
    'a program',
    absentProgram('worker'),
    `there\n=status=\n${STATUS}`,
    'stop 2 first',
    /stop worker_00 worker_01\nrm -f [^]*update worker_00 worker_01$/,
  ],
  [
    'a program without its file',
    absentProgram('worker'),
    `absent\n=status=\n${STATUS}`,
    'stop 2 first',
    /rm -f/,
  ],
  [
    'a program with a name that we would not give',
    absentProgram('old_worker.v1'),
    'there\n=status=\nold_worker.v1_00 RUNNING\n',
    'stop 1 first',
    /stop old_worker\.v1_00\nrm -f \S+\/old_worker\.v1\.conf\n/,
  ],
  ['no program', absentProgram('worker'), 'absent\n=status=\nother_00 RUNNING\n', undefined, undefined],
  ['a container', absentContainer('old-blue'), ' docker running\n', 'running', /docker stop old-blue/],
  [
    'one of Podman',
    absentContainer('old-blue'),
    ' podman running\n',
    'running',
    /^if podman [^]*podman rm old-blue/,
  ],
  [
    'one of both engines',
    absentContainer('old-blue'),
    ' docker exited podman running\n',
    'exited, running',
    /docker rm old-blue[^]*podman rm old-blue/,
  ],
  ['a service of a swarm', absentContainer('old-blue'), 'swarm\n', 'swarm', /docker service rm old-blue/],
  ['no container', absentContainer('old-blue'), '\n-\n', undefined, undefined],
  [
    'a directory',
    absentTree('/srv/old'),
    pathOutput('/srv/old', 'd 755 root root'),
    'directory and all that is in it',
    /rm -rf --one-file-system -- "\$path"/,
  ],
  ['no directory', absentTree('/srv/old'), NO_PATH, undefined, undefined],
])('%s', (_, resource, output, detail, script) => {
  const judged = judge(resource, output)
  expect(judged.detail).toBe(detail)
  expect(judged.action).toBe(detail === undefined ? undefined : 'remove')
  expect(judged.steps).toHaveLength(script === undefined ? 0 : 1)
  if (script !== undefined) expect(scriptOf(judged.steps[0])).toMatch(script)
})

test.each([
  () => absentUnit('../x'),
  () => absentUser('root'),
  () => absentUser('-r'),
  () => absentProgram('a b'),
  () => absentProgram('-a'),
  () => absentProgram('a/b'),
  () => absentContainer('-f'),
  () => absentTree('/etc'),
  () => absentTree('/srv/../etc'),
])('refuses what is no name of its kind: %s', make => {
  expect(make).toThrow(/not allowed|cannot be removed|not removed/)
})

test.each([
  ['docker', 'docker exited'],
  ['podman', 'podman exited'],
])('a container is found where %s alone has it, and taken away', (engine, seen) => {
  const place = folder()
  const has = join(place, 'there')
  for (const name of ['docker', 'podman']) {
    const answer = name === engine ? `[ -e '${has}' ] && echo exited || exit 1` : 'exit 1'
    writeFileSync(
      join(place, name),
      `#!/bin/sh\ncase "$1 $2" in 'container inspect') ${answer} ;; rm*) rm '${has}' ;; stop*) ;; *) exit 1 ;; esac\n`,
      { mode: 0o755 },
    )
  }
  writeFileSync(has, '')
  const { kind, wanted } = absentContainer('old-blue')
  const env = { ...process.env, PATH: `${place}:${process.env.PATH ?? ''}` }
  const run = (script: string) => execFileSync('sh', ['-euc', script], { env, encoding: 'utf8' })
  const look = () => kind.parse(run(`set +e\n${kind.observe([wanted])}`), [wanted])
  const [before] = look()
  expect(before).toBe(seen)
  for (const step of kind.act(wanted, before)) run(scriptOf(step) ?? 'exit 99')
  expect(look()).toEqual([undefined])
})
