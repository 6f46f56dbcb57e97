import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOnce } from '../../templates/shell/run-once.ts'
import { labContainer } from '../support/lab-container.ts'

const PASSWORD = 'lab-Password-1'
const name = (host: string) => `t-once-${process.pid}-${host}`
/** One machine for each way to lose the holder, and one that takes over from all of them. */
const HOSTS = ['dies', 'pauses', 'cut', 'next'] as const
/** The database lies beside the one that takes over. */
const DATABASE = 'next'
const machines = HOSTS.map(host => labContainer(name(host)))
const patience = { timeout: 60_000, interval: 200 }

const docker = async (...args: readonly string[]): Promise<string> =>
  (await execa('docker', args)).stdout.trim()
const on = (host: string, script: string, input = '') =>
  execa('docker', ['exec', '-i', name(host), 'sh', '-ec', script], { input }).then(({ stdout }) => stdout)

interface Tick {
  /** Nanoseconds, by the one clock that all machines of a lab have. */
  readonly at: bigint
  readonly fence: number
}

/** When the program of `key` was at work on a machine. */
async function ticks(host: string, key: string): Promise<readonly Tick[]> {
  const log = await on(host, `cat /var/tmp/${key} 2>/dev/null || :`)
  return log
    .split('\n')
    .flatMap(line => /^(\d{19}) (\d+)$/.exec(line) ?? [])
    .flatMap((_, index, all) =>
      index % 3 === 0 ? [{ at: BigInt(all[index + 1] ?? 0), fence: Number(all[index + 2]) }] : [],
    )
}

/** A program that writes down every tenth of a second in which it is at work, started again like supervisor does. */
async function start(host: string, key: string): Promise<void> {
  await on(
    host,
    `cat >/root/${key} && chmod 700 /root/${key}`,
    `#!/bin/sh
export PGHOST=${address} PGUSER=app PGDATABASE=app PGPASSWORD=${PASSWORD}
while :; do
  setsid -w /usr/local/bin/run-once lab/sync/${key} keep sh -c 'while :; do echo "$(date +%s%N) $FLEETFILE_FENCE" >>/var/tmp/${key}; sleep 0.1; done'
  sleep 1
done
`,
  )
  await docker('exec', '-d', name(host), 'sh', '-c', `exec /root/${key} >/var/tmp/${key}.said 2>&1`)
}

let address = ''

describe.skipIf(machines.includes(undefined))('what runs once, on the hosts of a lab', () => {
  beforeAll(async () => {
    await Promise.all(machines.flatMap(machine => machine?.start() ?? []))
    address = await docker('inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', name(DATABASE))
    const client = '/usr/lib/postgresql/15/bin/psql'
    await on(
      DATABASE,
      `export DEBIAN_FRONTEND=noninteractive
      apt-get update -qq && apt-get install -yqq --no-install-recommends postgresql-15 >/dev/null 2>&1
      echo "listen_addresses = '*'" >/etc/postgresql/15/main/conf.d/lab.conf
      echo 'host app app samenet scram-sha-256' >>/etc/postgresql/15/main/pg_hba.conf
      systemctl restart postgresql@15-main
      runuser -u postgres -- psql -qc "CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'" -c 'CREATE DATABASE app OWNER app'
      tar chf /var/tmp/client.tar ${client} $(ldd ${client} | awk '$2 == "=>" { print $3 }') 2>/dev/null`,
    )
    const folder = await mkdtemp(join(tmpdir(), 't-once-'))
    await docker('cp', `${name(DATABASE)}:/var/tmp/client.tar`, folder)
    // A whole client is installed by a deploy; here its program does, without a minute of apt.
    for (const host of HOSTS) {
      if (host !== DATABASE) {
        await docker('cp', join(folder, 'client.tar'), `${name(host)}:/var/tmp/client.tar`)
        await on(host, `tar xhf /var/tmp/client.tar -C / && ln -s ${client} /usr/local/bin/psql && ldconfig`)
      }
      await on(host, 'cat >/usr/local/bin/run-once && chmod 755 /usr/local/bin/run-once', runOnce())
    }
    await rm(folder, { recursive: true })
  })
  afterAll(() => {
    for (const machine of machines) machine?.stop()
  })

  test('moves when its host dies, freezes or is cut off, and never runs twice', async () => {
    const lost = ['dies', 'pauses', 'cut'] as const
    for (const host of lost) await start(host, host)
    for (const host of lost) await expect.poll(() => ticks(host, host), patience).not.toEqual([])
    for (const host of lost) await start('next', host)
    for (const host of lost) {
      await expect
        .poll(() => on('next', `cat /var/tmp/${host}.said`), patience)
        .toContain('waits: it runs on')
    }
    expect(await on('cut', 'ps -eo args 2>/dev/null || cat /proc/*/cmdline')).not.toContain(PASSWORD)

    await Promise.all([
      docker('kill', name('dies')),
      docker('pause', name('pauses')),
      on(
        'cut',
        `nft add table inet cut; nft add chain inet cut o '{ type filter hook output priority 0; policy drop; }'`,
      ),
    ])
    for (const host of lost) await expect.poll(() => ticks('next', host), patience).not.toEqual([])

    const thawed = BigInt(await on(DATABASE, 'date +%s%N'))
    await docker('unpause', name('pauses'))
    await expect
      .poll(() => on('pauses', 'cat /var/tmp/pauses.said'), patience)
      .toContain('ending the command')
    await docker('start', name('dies'))
    for (const host of lost) {
      const [before, after] = [await ticks(host, host), await ticks('next', host)]
      const first = after[0]?.at ?? 0n
      expect(new Set(before.map(({ fence }) => fence))).toEqual(new Set([1]))
      expect(new Set(after.map(({ fence }) => fence))).toEqual(new Set([2]))
      const late = before.filter(({ at }) => at > first)
      if (host !== 'pauses') expect(late).toEqual([])
      // What stood still goes on for the moment that its guard needs to wake up, with a fence that is out of date.
      else expect(late.filter(({ at }) => at > thawed + 1_500_000_000n)).toEqual([])
    }
  })

  test('a restart of the database, which forgets its locks, lets nobody else start too early', async () => {
    await on(DATABASE, 'systemctl restart postgresql@15-main')
    await expect
      .poll(
        async () =>
          (await ticks('next', 'cut')).concat(await ticks('pauses', 'pauses')).map(({ fence }) => fence),
        patience,
      )
      .toContain(3)
    const all = [...(await ticks('pauses', 'pauses')), ...(await ticks('next', 'pauses'))]
    for (const fence of [2, 3]) {
      const ends = all.filter(tick => tick.fence === fence).map(({ at }) => at)
      const later = all.filter(tick => tick.fence > fence).map(({ at }) => at)
      for (const at of later) expect(ends.every(end => end < at)).toBe(true)
    }
  })
})
