import { access, readFile } from 'node:fs/promises'
import { platform, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { AbortedError, ApiError, ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { lastLines } from '../../text/last-lines.ts'
import type { ProviderCall } from '../provider.ts'
import { leftPidFiles } from './dead-engine.ts'
import { type EngineReport, type EngineStep, planEngine } from './engine-plan.ts'

const PROGRAMS = ['dockerd', 'iptables', 'mmdebstrap', 'sudo', 'ssh-keygen', 'openssl', 'git']
const START_PATIENCE = 30_000

/** How an engine that is missing may be brought. */
export interface EngineOptions extends ProviderCall {
  /** `ask` calls `confirm` with the steps first. */
  readonly install: boolean | 'ask'
  readonly confirm?: (steps: readonly EngineStep[]) => Promise<boolean>
}

/** Resolves when a Docker engine answers; installs and starts one where that is wanted. */
export async function ensureEngine(options: EngineOptions): Promise<void> {
  const report = await inspectEngine()
  if (report.ready) return
  const agreed =
    options.install === 'ask' ? ((await options.confirm?.(report.steps)) ?? false) : options.install
  if (!agreed) {
    throw new ConfigError(report.reason, {
      hint: 'fleet lab up --install',
      issues: report.steps.map(({ title, argv }) => `${title}: ${argv.map(quote).join(' ')}`),
    })
  }
  await installEngine(report.steps, options)
}

/** Looks, and changes nothing. */
export async function inspectEngine(): Promise<EngineReport> {
  const [answer, programs, debian, systemd, left] = await Promise.all([
    askEngine(),
    installed(),
    isDebian(),
    access('/run/systemd/system').then(
      () => true,
      () => false,
    ),
    leftPidFiles(),
  ])
  const root = userInfo().uid === 0
  const facts = { programs, debian, root, systemd, leftPidFiles: left }
  return planEngine({ platform: platform(), ...answer, ...facts })
}

/** Takes the steps of a report and waits until the engine answers. */
export async function installEngine(steps: readonly EngineStep[], call: ProviderCall): Promise<void> {
  for (const { title, argv } of steps) {
    call.emit({ type: 'note', text: title })
    const [program, ...args] = argv
    // stdin stays the operator's, for sudo's password.
    const result = await execa(program, args, { reject: false, cancelSignal: call.signal, stdin: 'inherit' })
    if (result.isCanceled) throw new AbortedError('stopped while installing the Docker engine')
    if (result.failed) {
      const said = lastLines(result.stderr || result.shortMessage || '', { count: 5 }).join('\n')
      throw new ApiError(`cannot ${title}: ${said}`, { hint: argv.map(quote).join(' ') })
    }
  }
  for (let waited = 0; waited < START_PATIENCE; waited += 250) {
    if ((await inspectEngine()).ready) return
    await sleep(250, undefined, { signal: call.signal })
  }
  throw new ApiError('the Docker engine was started and does not answer', {
    hint: 'tail -n 20 /var/log/dockerd.log; journalctl -u docker -n 20',
  })
}

async function askEngine(): Promise<{ version?: string; denied: boolean }> {
  const args = ['version', '--format', '{{.Server.Version}}']
  const { failed, stdout, stderr } = await execa('docker', args, {
    reject: false,
    stdin: 'ignore',
    timeout: 10_000,
  })
  if (!failed && stdout !== '') return { version: stdout.trim(), denied: false }
  return { denied: /permission denied/i.test(stderr ?? '') }
}

/** Daemons live in /usr/sbin, which is not on every user's PATH. */
async function installed(): Promise<ReadonlySet<string>> {
  const script =
    'PATH=$PATH:/usr/sbin:/sbin; for name; do command -v "$name" >/dev/null && echo "$name"; done; true'
  const { stdout } = await execa('sh', ['-c', script, 'sh', ...PROGRAMS], { reject: false, stdin: 'ignore' })
  return new Set((stdout ?? '').split('\n'))
}

async function isDebian(): Promise<boolean> {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(await readFile('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
