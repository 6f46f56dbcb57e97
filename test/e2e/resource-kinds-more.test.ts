import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FleetEvent } from '../../lib/events/event.ts'
import * as kinds from '../../lib/resource/kinds/index.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import { sh } from '../../lib/shell/sh.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { applyTo } from './apply-to.ts'

const lab = labContainer('t-res-more')

describe.skipIf(lab === undefined)('more kinds on a host with systemd', () => {
  let host: DockerTransport
  let events: FleetEvent[] = []
  const apply = (...resources: readonly Resource[]) =>
    applyTo(host, resources, { emit: event => events.push(event) })
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

  const ORIGIN = '/srv/git/origin'
  const archived = (text: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-archive-'))
    writeFileSync(join(folder, 'file'), `${text}\n`)
    const content = execFileSync('tar', [
      '-cf',
      '-',
      '--mtime=@0',
      '--transform=s,^,app-1/,',
      '-C',
      folder,
      'file',
    ])
    rmSync(folder, { recursive: true })
    return { from: { content }, sha256: createHash('sha256').update(content).digest('hex') }
  }
  const all = (text: string, key: string, online: boolean): readonly Resource[] => [
    kinds.packages(['git', 'logrotate', ...(online ? ['python3-venv'] : [])]),
    kinds.user({ name: 'app', system: true, home: '/srv/app' }),
    kinds.hostsEntries({ entries: { '10.9.8.7': [`db-${text}`] } }),
    kinds.lineInFile({
      path: '/etc/login.defs',
      line: `UMASK ${text === 'one' ? '027' : '077'}`,
      startsWith: 'UMASK',
    }),
    kinds.mount({ path: '/mnt/a b', from: 'tmpfs', options: [text === 'one' ? 'size=1m' : 'size=2m'] }),
    kinds.mount({ path: '/mnt/bound', from: { bind: '/mnt/a b' } }),
    kinds.archive({ path: '/opt/app', ...archived(text), strip: 1 }),
    kinds.gitCheckout({ path: '/srv/checkout', url: ORIGIN, ref: { tag: text }, owner: 'app' }),
    kinds.timer({
      name: 'tick',
      calendar: 'daily',
      command: sh`echo ${`50% $HOME "${text}"`} >/run/app/ticked`,
      user: 'app',
    }),
    kinds.logrotate({ name: 'app', paths: ['/var/log/app/*.log'], keep: text === 'one' ? 3 : 4 }),
    kinds.aptRepository({
      name: 'more',
      url: 'http://deb.debian.org/debian',
      suite: 'bookworm-updates',
      components: text === 'one' ? ['main'] : ['main', 'contrib'],
      key,
    }),
    ...(online
      ? [
          kinds.pythonVenv({
            path: '/srv/venv',
            requirements: [`six==${text === 'one' ? '1.16.0' : '1.17.0'}`],
            owner: 'app',
          }),
        ]
      : []),
  ]
  const gone: readonly Resource[] = [
    kinds.absentHostsEntries(),
    kinds.absentLine({ path: '/etc/login.defs', line: 'UMASK 077' }),
    kinds.absentMount('/mnt/bound'),
    kinds.absentMount('/mnt/a b'),
    kinds.absentArchive('/opt/app'),
    kinds.absentTimer('tick'),
    kinds.absentLogrotate('app'),
    kinds.absentAptRepository('more'),
    kinds.absentPythonVenv('/srv/venv'),
  ]

  test('sources, files and mounts come, stay, change and go', async () => {
    const online =
      host.run('curl -sSf -m 20 -o /dev/null https://pypi.org/simple/six/ && echo yes || echo no') === 'yes\n'
    if (!online) console.log('no Python environment was built: https://pypi.org does not answer from the lab')
    const key = host.run('cat /etc/apt/trusted.gpg.d/debian-archive-bookworm-automatic.asc')
    await apply(kinds.packages(['git']))
    host.run(`mkdir -p '${ORIGIN}' /run/app && chmod 0777 /run/app && cd '${ORIGIN}' && git init -q . && git config user.name t && git config user.email t@t
      for at in one two; do echo $at >file; git add .; git commit -qm $at; git tag $at; done; useradd -r app; chown -R app '${ORIGIN}'`)
    expect((await apply(...all('one', key, online))).changes).not.toEqual([])
    expect((await apply(...all('one', key, online))).changes).toEqual([])
    host.run('systemctl start tick')
    const facts = () =>
      host.run(`getent hosts db-one db-two; grep ^UMASK /etc/login.defs; findmnt -rno SIZE '/mnt/a b'; findmnt -rno SIZE /mnt/bound
        cat /opt/app/file /srv/checkout/file /run/app/ticked; stat -c %U /srv/checkout/file; systemctl is-active tick.timer; grep -h rotate /etc/logrotate.d/app
        grep Components /etc/apt/sources.list.d/more.sources; ${online ? `/srv/venv/bin/python -c 'import six; print(six.__version__)'; stat -c %U /srv/venv/` : ':'}`)
    expect(facts()).toBe(
      `10.9.8.7        db-one\nUMASK 027\n1M\n1M\none\none\n50% $HOME "one"\napp\nactive\n  rotate 3\nComponents: main\n${online ? '1.16.0\napp\n' : ''}`,
    )
    expect((await apply(...all('two', key, online))).changes).not.toEqual([])
    expect((await apply(...all('two', key, online))).changes).toEqual([])
    host.run('systemctl start tick')
    expect(facts()).toBe(
      `10.9.8.7        db-two\nUMASK 077\n2M\n2M\ntwo\ntwo\n50% $HOME "two"\napp\nactive\n  rotate 4\nComponents: main contrib\n${online ? '1.17.0\napp\n' : ''}`,
    )
    expect((await apply(...gone)).changes).toHaveLength(online ? 9 : 8)
    expect((await apply(...gone)).changes).toEqual([])
    expect(
      host.run(
        "systemctl is-active tick.timer || findmnt '/mnt/a b' || grep mnt /etc/fstab || ls /opt/app /srv/venv 2>/dev/null || :",
      ),
    ).toBe('inactive\n')
  })

  test('what its own program refuses leaves the old state', async () => {
    const repository = {
      name: 'more',
      url: 'http://deb.debian.org/debian',
      suite: 'bookworm',
      components: ['main'],
    }
    const other = host.run('cat /etc/apt/trusted.gpg.d/debian-archive-trixie-automatic.asc')
    await expect(apply(kinds.aptRepository({ ...repository, suite: 'no-such', key: other }))).rejects.toThrow(
      /apt cannot use the repository: nothing was changed/,
    )
    const late = { name: 'late', command: sh`true`, user: 'root' }
    await expect(apply(kinds.timer({ ...late, calendar: 'Foo 99:99' }))).rejects.toThrow(
      'the check refused it',
    )
    await expect(
      apply(kinds.logrotate({ name: 'bad', paths: ['/var/log/x'], owner: 'nobody-here' })),
    ).rejects.toThrow('the check refused it')
    expect(
      host.run(
        'ls /etc/apt/sources.list.d /etc/apt/keyrings /etc/logrotate.d/bad /etc/systemd/system/late.timer 2>/dev/null || :',
      ),
    ).not.toMatch(/more|bad|late/)
  })
})
