import { execa } from 'execa'
import { AbortedError, ApiError, ConfigError, TimeoutError } from '../../errors.ts'
import { lastLines } from '../../text/last-lines.ts'

/** What a docker command may be given. */
export interface DockerCall {
  readonly signal?: AbortSignal
  readonly input?: string | Uint8Array
  /** Milliseconds after which the command is ended. */
  readonly timeout?: number
}

/** How a docker command ended. */
export interface DockerResult {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

/** Runs the docker client; a refusal by the engine is a result here, not an error. */
export async function tryDocker(args: readonly string[], call: DockerCall = {}): Promise<DockerResult> {
  const result = await execa('docker', args, {
    reject: false,
    ...(call.signal === undefined ? {} : { cancelSignal: call.signal }),
    ...(call.input === undefined ? { stdin: 'ignore' } : { input: call.input }),
    ...(call.timeout === undefined ? {} : { timeout: call.timeout }),
  })
  if (result.isCanceled) {
    throw new AbortedError(`stopped in the middle of docker ${args[0]}`, {
      hint: 'run it again: what is done stays done',
    })
  }
  if (result.code === 'ENOENT') {
    throw new ConfigError('no docker client on this machine', { hint: 'fleet lab up --install' })
  }
  if (result.timedOut) throw new TimeoutError(`docker ${args[0]} took longer than ${call.timeout} ms`)
  return { ok: !result.failed, stdout: result.stdout, stderr: result.stderr }
}

/** Runs the docker client and gives what it printed; anything but success is an ApiError. */
export async function docker(args: readonly string[], call: DockerCall = {}): Promise<string> {
  const result = await tryDocker(args, call)
  if (result.ok) return result.stdout
  throw dockerError(args, result.stderr || result.stdout)
}

/** The error of a docker command that was refused. */
export function dockerError(args: readonly string[], output: string): ApiError | ConfigError {
  const said = lastLines(output, { count: 8 }).join('\n')
  if (/cannot connect to the docker daemon|permission denied.*docker\.sock/i.test(said)) {
    return new ConfigError(`the Docker engine does not answer: ${said}`, { hint: 'fleet lab up --install' })
  }
  return new ApiError(`docker ${args[0]} failed: ${said}`, {
    hint: `docker ${args[0]} --help, or: docker info`,
  })
}
