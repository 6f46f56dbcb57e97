import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import { applyResources } from '../../lib/resource/apply.ts'
import * as kinds from '../../lib/resource/kinds/index.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'

const lab = labContainer('kinds-more')

describe.skipIf(lab === undefined)('more kinds on a host with systemd', () => {
  let host: DockerTransport
  let events: FleetEvent[] = []
  const apply = (...resources: readonly Resource[]) =>
    applyResources(host, resources, {
      mode: 'apply',
      root: true,
      runId: 'run-1',
      owner: 'tester',
      emit: event => events.push(event),
    })
  const said = () => events.flatMap(event => (event.type === 'step-output' ? [event.text] : []))

  beforeAll(async () => {
    if (lab) host = await lab.start()
  })
  afterAll(() => lab?.stop())
  beforeEach(() => {
    events = []
  })

  test('apt held by another process is waited for, and it is said who holds it', async () => {
    // fcntl(F_SETLK) on the whole file, as dpkg and unattended-upgrades do; let go when the test says so.
    const hold = `use Fcntl; open(my $f, ">>", "/var/lib/dpkg/lock-frontend"); my $l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die $!; print STDERR "held\\n"; sleep 1 until -e "/run/let-go"`
    host.run(
      `perl -e '${hold}' >/run/holder 2>&1 & for try in $(seq 50); do ! grep -q held /run/holder || exit 0; sleep 0.1; done; exit 1`,
    )
    const applied = apply(kinds.packages(['less', 'logrotate']))
    await expect
      .poll(() => said().join('\n'), { timeout: 30_000 })
      .toMatch(
        /waiting for apt: \/var\/lib\/dpkg\/lock-frontend is held by process \d+ \(perl\), for 0 s so far/,
      )
    host.run('touch /run/let-go')
    expect((await applied).applied).toEqual(['install less, logrotate'])
  })

  test('a package that does not exist is named, and none beside it is installed', async () => {
    await expect(apply(kinds.packages(['tree', 'no-such-package-x']))).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('Unable to locate package no-such-package-x'),
    })
    expect(host.run('command -v tree || echo none')).toBe('none\n')
  })

  test('a purged package leaves no configuration', async () => {
    await apply(kinds.absentPackages(['logrotate']))
    expect(host.run('test -e /etc/logrotate.conf && echo there')).toBe('there\n')
    await apply(kinds.purgedPackages(['logrotate']))
    expect((await apply(kinds.purgedPackages(['logrotate']))).changes).toEqual([])
    expect(host.run('test -e /etc/logrotate.conf || echo gone')).toBe('gone\n')
  })
})
