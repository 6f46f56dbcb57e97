import { execa } from 'execa'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CommandError } from '../../../lib/errors.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { Elevation, type Run } from '../../../lib/transport/elevate.ts'
import { Keyring, type SecretQuestion } from '../../../lib/transport/keyring.ts'
import { stdinBytes } from '../../../lib/transport/stdin.ts'
import { folder } from '../../support/folder.ts'
import { failure } from '../../support/ssh-connect.ts'

const result = (exitCode: number, stdout = '', stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
})

/** A host whose sudo wants `password`, or none. It answers what the command read. */
function sudoHost(password?: string, wants = 'a password is required') {
  const lines: string[] = []
  const run: Run = async (line, { stdin, onStderr, discardStderr }) => {
    lines.push(line)
    const read = String(await stdinBytes(stdin))
    const [given = '', ...rest] = read.split('\n')
    if (!line.includes(' -S ') && password !== undefined) {
      const refusal = `sudo: ${wants}\n`
      onStderr?.(Buffer.from(refusal))
      return result(1, '', discardStderr === true ? '' : refusal)
    }
    if (!line.includes(' -S ')) return result(0, read)
    if (given !== password) return result(1, '', 'sudo: no password was provided\n')
    return result(0, rest.slice(2).join('\n'))
  }
  return { lines, run }
}

/** Answers in their order, and what was asked. */
function asker(...answers: readonly string[]) {
  const asked: SecretQuestion[] = []
  const left = [...answers]
  const keyring = new Keyring(async question => {
    asked.push(question)
    return new Secret('typed', left.shift() ?? '')
  })
  return { asked, keyring }
}

async function* chunks(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}

test('sudo that asks nothing costs nothing', async () => {
  const { lines, run } = sudoHost()
  const elevation = new Elevation('web1', 'deploy')
  expect(String((await elevation.exec('cat', { stdin: 'in' }, run)).stdout)).toBe('in')
  expect(lines).toEqual(['sudo -n -- sh -c cat'])
})

test('root needs no sudo', async () => {
  const { lines, run } = sudoHost('hush')
  await new Elevation('web1', 'root').exec('cat', {}, run)
  expect(lines).toEqual(['cat'])
})

test('a password is asked for once, and is never in a command line', async () => {
  const { lines, run } = sudoHost('hush')
  const { asked, keyring } = asker('hush')
  const elevations = ['web1', 'web2'].map(host => new Elevation(host, 'deploy', keyring))
  const outputs = await Promise.all(
    elevations.flatMap(elevation =>
      ['one', 'two\nlines'].map(async stdin => String((await elevation.exec('cat', { stdin }, run)).stdout)),
    ),
  )
  expect(outputs).toEqual(['one', 'two\nlines', 'one', 'two\nlines'])
  expect(asked).toEqual([{ message: 'Password of deploy for sudo:', again: false }])
  expect(lines.join('\n')).not.toContain('hush')
})

test.each([{}, { onStderr: () => undefined }])(
  'a refusal is seen where stderr is not kept, too: %j',
  async more => {
    const { run } = sudoHost('hush')
    const { asked, keyring } = asker('hush')
    const options = { stdin: 'in', discardStderr: true, ...more }
    const { stdout } = await new Elevation('web1', 'deploy', keyring).exec('cat', options, run)
    expect(String(stdout)).toBe('in')
    expect(asked.length).toBe(1)
  },
)

test('a command that failed does not show that sudo asks nothing', async () => {
  const lines: string[] = []
  const run: Run = async line => {
    lines.push(line)
    return result(1, '', 'no more files\n')
  }
  const elevation = new Elevation('web1', 'deploy')
  await elevation.exec('x', {}, run)
  await elevation.exec('x', { stdin: chunks('a') }, run)
  expect(lines).toEqual(['sudo -n -- sh -c x', 'env LC_ALL=C sudo -n -- true', 'sudo -n -- sh -c x'])
})

test('sudo-rs is asked with the password as well', async () => {
  const { run } = sudoHost('hush', 'interactive authentication is required')
  const { stdout } = await new Elevation('web1', 'deploy', asker('hush').keyring).exec(
    'cat',
    { stdin: 'in' },
    run,
  )
  expect(String(stdout)).toBe('in')
})

/** sudo-rs 0.2: it reads its stdin through a buffer of 8192 bytes, and keeps what lies behind the password. */
const READS_AHEAD = `#!/usr/bin/perl
push @options, shift while @ARGV && $ARGV[0] ne '--';
shift;
if (grep { $_ eq '-n' } @options) { print STDERR "sudo-rs: interactive authentication is required\\n"; exit 1 }
sysread STDIN, my $read, 8192;
$read =~ /\\Ahush\\n/ or print STDERR "sudo-rs: Authentication failed, try again.\\n" and exit 1;
exec @ARGV;
`

test.each(['in', 'much '.repeat(20_000)])(
  'a sudo that reads ahead of the password takes nothing away',
  async stdin => {
    const bin = folder()
    writeFileSync(join(bin, 'sudo'), READS_AHEAD, { mode: 0o755 })
    const run: Run = async (line, options) => {
      const given = join(folder(), 'stdin')
      writeFileSync(given, await stdinBytes(options.stdin))
      const env = { PATH: `${bin}:${process.env['PATH']}` }
      const ran = await execa('sh', ['-c', line], {
        inputFile: given,
        env,
        reject: false,
        stripFinalNewline: false,
      })
      return result(ran.exitCode ?? -1, ran.stdout, ran.stderr)
    }
    const { asked, keyring } = asker('bad', 'hush')
    const { stdout } = await new Elevation('web1', 'deploy', keyring).exec('cat', { stdin }, run)
    expect(String(stdout)).toBe(stdin)
    expect(asked).toHaveLength(2)
  },
)

test('a stream goes to the command whole, after one question to sudo', async () => {
  const { run } = sudoHost('hush')
  const elevation = new Elevation('web1', 'deploy', asker('hush').keyring)
  const { stdout } = await elevation.exec('cat', { stdin: chunks('a', 'b\n', 'c') }, run)
  expect(String(stdout)).toBe('ab\nc')
  const free = sudoHost()
  const other = new Elevation('web1', 'deploy')
  expect(String((await other.exec('cat', { stdin: chunks('a') }, free.run)).stdout)).toBe('a')
  await other.exec('cat', { stdin: chunks('a') }, free.run)
  expect(free.lines.length).toBe(3)
})

test('a wrong password is told and asked for again, three times in all', async () => {
  const { run } = sudoHost('hush')
  const { asked, keyring } = asker('a', 'b', 'hush')
  await expect(new Elevation('web1', 'deploy', keyring).exec('cat', {}, run)).resolves.toMatchObject({
    exitCode: 0,
  })
  expect(asked.map(question => question.again)).toEqual([false, true, true])

  const wrong = asker('a', 'b', 'c', 'hush')
  const error = await failure(new Elevation('web1', 'deploy', wrong.keyring).exec('cat', {}, run))
  expect(error).toBeInstanceOf(CommandError)
  expect(error).toMatchObject({ message: 'web1: sudo refused the password of deploy 3 times', exitCode: 4 })
  expect(wrong.asked.length).toBe(3)
})

test('without a terminal it is an error, and nothing ran', async () => {
  const { lines, run } = sudoHost('hush')
  const said: string[] = []
  const options = { onStderr: (chunk: Uint8Array) => said.push(Buffer.from(chunk).toString()) }
  const error = await failure(new Elevation('web1', 'deploy').exec('rm x', options, run))
  expect(error).toMatchObject({
    message: 'web1: sudo wants the password of deploy, and nobody can be asked here',
    hint: 'let deploy use sudo without a password, or run at a terminal',
    exitCode: 4,
  })
  expect(lines.length).toBe(2)
  expect(said).toEqual([])
})

test('a command that fails with words of its own about sudo is a result', async () => {
  const run: Run = async line =>
    line.includes('LC_ALL') ? result(0) : result(1, '', 'sudo: something else of the command\n')
  const said: string[] = []
  const onStderr = (chunk: Uint8Array) => said.push(String(chunk))
  await expect(new Elevation('web1', 'deploy').exec('x', { onStderr }, run)).resolves.toMatchObject({
    exitCode: 1,
  })
})
