import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as kinds from '../../lib/resource/kinds/index.ts'
import type { GitCheckoutOptions } from '../../lib/resource/kinds/git-checkout.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import { containerSsh } from '../support/container-ssh.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { folder } from '../support/folder.ts'
import { labContainer } from '../support/lab-container.ts'
import { applyTo } from './apply-to.ts'

const prefix = process.env.FLEET_LAB ?? 'fleet'
const lab = labContainer(`${prefix}-sources`)
const other = labContainer(`${prefix}-origin`)

/** Serves the working folder over https; of a path with `cut` in it only the first half. */
const HTTPS = `
import http.server, os, ssl
class Handler(http.server.SimpleHTTPRequestHandler):
    def copyfile(self, source, output):
        data = source.read()
        output.write(data[:len(data) // 2] if 'cut' in self.path else data)
server = http.server.ThreadingHTTPServer(('', 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('/root/cert.pem', '/root/key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
`

describe.skipIf(lab === undefined)('what a host fetches from another one', () => {
  let host: DockerTransport
  let origin: DockerTransport
  let address: string
  const apply = (...resources: readonly Resource[]) => applyTo(host, resources)

  beforeAll(async () => {
    if (!lab || !other) return
    host = await lab.start()
    origin = await other.start()
    await applyTo(origin, [kinds.packages(['git', 'openssl', 'python3'])])
    await apply(
      kinds.packages(['git', 'openssh-client', 'curl', 'python3-venv']),
      kinds.user({ name: 'app', system: true, home: '/srv/app' }),
    )
    address = containerSsh(origin).address
    host.run(`echo '${address} origin.test' >>/etc/hosts`)
  })
  afterAll(() => {
    lab?.stop()
    other?.stop()
  })

  test('a git checkout by ssh, with a deploy key and a pinned host key', async () => {
    host.run(`install -d -m 0700 -o app -g app /srv/app /srv/app/keys
runuser -u app -- ssh-keygen -q -t ed25519 -N '' -f /srv/app/keys/deploy
echo 'origin.test ${origin.run('cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub').trim()}' >/srv/app/keys/known_hosts`)
    const deployKey = host.run('cat /srv/app/keys/deploy.pub').trim()
    const commit = (text: string) =>
      origin.run(
        `cd /srv/work && echo ${text} >file && git add . && git commit -qm ${text} && git push -q origin HEAD:main 2>&1`,
      )
    origin.run(`useradd -m -s /usr/bin/git-shell git; install -d -m 0700 -o git -g git /home/git/.ssh
printf '%s\\n' 'restrict ${deployKey}' >/home/git/.ssh/authorized_keys; chown git: /home/git/.ssh/authorized_keys
runuser -u git -- git init -q --bare /home/git/app.git
git config --global safe.directory '*'; git config --global user.email t@t; git config --global user.name t
git clone -q /home/git/app.git /srv/work 2>/dev/null`)
    commit('one')
    origin.run('chown -R git: /home/git/app.git')
    const ssh = { key: '/srv/app/keys/deploy', knownHosts: '/srv/app/keys/known_hosts' }
    const checkout = (more: Partial<GitCheckoutOptions> = {}) =>
      kinds.gitCheckout({
        path: '/srv/checkout',
        url: 'ssh://git@origin.test/home/git/app.git',
        ref: { branch: 'main' },
        owner: 'app',
        follow: true,
        ssh,
        ...more,
      })
    const file = () => host.run('cat /srv/checkout/file; stat -c %U /srv/checkout/file')

    expect((await apply(checkout())).changes).toHaveLength(1)
    expect((await apply(checkout())).changes).toEqual([])
    expect(file()).toBe('one\napp\n')
    commit('two')
    expect((await apply(checkout({ follow: false }))).changes).toEqual([])
    expect((await apply(checkout())).changes).toHaveLength(1)
    expect((await apply(checkout())).changes).toEqual([])
    expect(file()).toBe('two\napp\n')
    expect((await apply(checkout({ url: 'git@origin.test:app.git' }))).changes).toHaveLength(1)
    expect((await apply(checkout({ url: 'git@origin.test:app.git' }))).changes).toEqual([])

    const elsewhere = { path: '/srv/elsewhere' }
    host.run(`sed 's|AAAA.*|'"$(ssh-keygen -q -t ed25519 -N '' -f /tmp/k <<END >/dev/null; cut -d ' ' -f 2 /tmp/k.pub
END
)|" /srv/app/keys/known_hosts >/srv/app/keys/wrong_hosts`)
    await expect(
      apply(checkout({ ...elsewhere, ssh: { ...ssh, knownHosts: '/srv/app/keys/wrong_hosts' } })),
    ).rejects.toThrow(/Host key verification failed/)
    origin.run('echo >/home/git/.ssh/authorized_keys')
    await expect(apply(checkout(elsewhere))).rejects.toThrow(/Permission denied/)
    expect(host.run('ls -A /srv/elsewhere')).toBe('.git\n')
    expect(file()).toBe('two\napp\n')
  })

  test('an archive by URL: whole, wrong, cut in the middle, and from a server that is gone', async () => {
    const served = folder({ 'server.py': HTTPS })
    origin.run(`cd /root; openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=origin.test -addext subjectAltName=DNS:origin.test -keyout key.pem -out cert.pem 2>/dev/null
mkdir -p /srv/www/app-1; cd /srv/www; seq 200000 >app-1/numbers; tar czf app.tar.gz app-1; cp app.tar.gz cut.tar.gz; seq 9 >app-1/numbers; tar czf two.tar.gz app-1`)
    execFileSync('docker', ['cp', `${served}/server.py`, `${prefix}-origin:/root/server.py`])
    origin.run('systemd-run -q --unit www --working-directory=/srv/www python3 /root/server.py')
    const trust = origin.run('cat /root/cert.pem')
    host.run(`cat >/usr/local/share/ca-certificates/origin.crt <<'END'\n${trust}END\nupdate-ca-certificates >/dev/null 2>&1
for try in $(seq 50); do curl -sf https://origin.test/ >/dev/null && exit 0; sleep 0.2; done; exit 1`)
    const sum = (name: string) => origin.run(`sha256sum </srv/www/${name}`).slice(0, 64)
    const archive = (name: string, sha256: string) =>
      kinds.archive({ path: '/opt/app', from: { url: `https://origin.test/${name}` }, sha256, strip: 1 })
    const kept = () => host.run('wc -l </opt/app/numbers; ls /opt/app.versions | wc -l')

    expect((await apply(archive('app.tar.gz', sum('app.tar.gz')))).changes).toHaveLength(1)
    expect((await apply(archive('app.tar.gz', sum('app.tar.gz')))).changes).toEqual([])
    expect(kept()).toBe('200000\n1\n')
    const wrong = createHash('sha256').update('another').digest('hex')
    // Twice each: what failed once fails the same way again and leaves nothing behind.
    for (let times = 0; times < 2; times += 1) {
      await expect(apply(archive('app.tar.gz', wrong))).rejects.toThrow(
        `its checksum is ${sum('app.tar.gz')}, not ${wrong}: nothing was changed`,
      )
      await expect(apply(archive('cut.tar.gz', wrong))).rejects.toThrow(/curl: \(18\)/)
      await expect(apply(archive('none.tar.gz', wrong))).rejects.toThrow(/404/)
      expect(kept()).toBe('200000\n1\n')
    }
    origin.run('systemctl stop www')
    for (let times = 0; times < 2; times += 1) {
      await expect(apply(archive('two.tar.gz', sum('two.tar.gz')))).rejects.toThrow(/curl: \(7\)/)
    }
    expect((await apply(archive('app.tar.gz', sum('app.tar.gz')))).changes).toEqual([])
    expect(host.run('ls -A /opt/app.versions | wc -l')).toBe('1\n')
    origin.run('systemd-run -q --unit www --working-directory=/srv/www python3 /root/server.py; sleep 1')
    expect((await apply(archive('two.tar.gz', sum('two.tar.gz')))).changes).toHaveLength(1)
    expect((await apply(archive('two.tar.gz', sum('two.tar.gz')))).changes).toEqual([])
    expect(kept()).toBe('9\n2\n')
  })

  test('a Python environment that uv builds', async ({ skip }) => {
    const uv = host.run(
      'python3 -m venv /opt/uv && timeout 60 /opt/uv/bin/pip install -q uv >&2 && ln -s /opt/uv/bin/uv /usr/local/bin/uv && echo yes || echo no',
    )
    if (uv !== 'yes\n') {
      console.warn('uv was not tried: https://pypi.org does not answer from the lab')
      skip()
    }
    const venv = (version: string) =>
      kinds.pythonVenv({ path: '/srv/venv', requirements: [`six==${version}`], owner: 'app' })
    const facts = () =>
      host.run(
        `/srv/venv/bin/python -c 'import six; print(six.__version__)'; grep -c '^uv = ' /srv/venv/pyvenv.cfg; stat -c %U /srv/venv/ /srv/venv/bin/python; ls -A /srv/venv`,
      )
    expect((await apply(venv('1.16.0'))).changes).toHaveLength(1)
    expect((await apply(venv('1.16.0'))).changes).toEqual([])
    expect(facts()).toMatch(/^1\.16\.0\n1\napp\napp\n/)
    expect((await apply(venv('1.17.0'))).changes).toHaveLength(1)
    expect((await apply(venv('1.17.0'))).changes).toEqual([])
    expect(facts()).toMatch(/^1\.17\.0\n1\n/)
    expect(facts()).not.toContain('.home')
    await expect(apply(venv('99.0'))).rejects.toThrow(/six==99\.0/)
    expect(facts()).toMatch(/^1\.17\.0\n/)
    expect((await apply(kinds.absentPythonVenv('/srv/venv'))).changes).toHaveLength(1)
    expect((await apply(kinds.absentPythonVenv('/srv/venv'))).changes).toEqual([])
  })
})
