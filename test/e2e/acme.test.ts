import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as kinds from '../../lib/resource/kinds/index.ts'
import type { Resource } from '../../lib/resource/resource.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { labContainer } from '../support/lab-container.ts'
import { applyTo } from './apply-to.ts'

const lab = labContainer(`${process.env.FLEET_LAB ?? 'fleet'}-acme`)

/** Debian's own ACME server for tests, with certificates that end in 20 days, and names that all lead to this host. */
const SERVER = `export DEBIAN_FRONTEND=noninteractive
cd /root
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pebble-ca -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out csr.pem 2>/dev/null
echo subjectAltName=DNS:localhost >ext
openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem 2>/dev/null
cp ca.pem /usr/local/share/ca-certificates/pebble.crt && update-ca-certificates >/dev/null
cat >pebble.json <<'END'
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "certificate": "cert.pem",
  "privateKey": "key.pem", "httpPort": 80, "tlsPort": 443, "certificateValidityPeriod": 1728000}}
END
mkdir -p /srv/acme
systemd-run -q --unit names pebble-challtestsrv -http01 '' -https01 '' -tlsalpn01 '' -defaultIPv6 ''
systemd-run -q --unit pebble --working-directory=/root -E PEBBLE_VA_NOSLEEP=1 -E PEBBLE_WFE_NONCEREJECT=0 pebble -config pebble.json -dnsserver 127.0.0.1:8053
systemd-run -q --unit web python3 -m http.server -d /srv/acme 80
for try in $(seq 50); do curl -sf https://localhost:14000/dir >/dev/null && curl -s localhost >/dev/null && exit 0; sleep 0.2; done
journalctl -u pebble -u web --no-pager | tail; exit 1`

describe.skipIf(lab === undefined)('certificates from an ACME server', () => {
  let host: DockerTransport
  const apply = (...resources: readonly Resource[]) => applyTo(host, resources)

  beforeAll(async () => {
    if (!lab) return
    host = await lab.start()
    await apply(kinds.packages(['pebble', 'lego', 'certbot', 'openssl', 'curl', 'python3']))
    host.run(SERVER)
  })
  afterAll(() => lab?.stop())

  test.each([
    [
      'certbot',
      '/etc/letsencrypt/live/certbot.example.test/fullchain.pem',
      '/etc/letsencrypt/live/certbot.example.test/privkey.pem',
    ],
    [
      'lego',
      '/var/lib/lego/certificates/lego.example.test.crt',
      '/var/lib/lego/certificates/lego.example.test.key',
    ],
  ] as const)(
    '%s gets one, keeps it, renews it, adds a name and tells why it cannot',
    async (program, path, key) => {
      const name = `${program}.example.test`
      const wanted = (names: readonly string[], renewDays: number, webroot = '/srv/acme') =>
        kinds.acmeCertificate({
          program,
          names,
          email: 'ops@example.org',
          challenge: { webroot },
          server: 'https://localhost:14000/dir',
          now: new Date(),
          renewDays,
        })
      const serial = () => host.run(`openssl x509 -noout -serial -in ${path}`)
      const names = () => host.run(`openssl x509 -noout -ext subjectAltName -in ${path}`)

      expect((await apply(wanted([name], 10))).changes).toHaveLength(1)
      expect((await apply(wanted([name], 10))).changes).toEqual([])
      expect(host.run(`stat -Lc %a ${key}`)).toBe('600\n')
      const first = serial()

      expect((await apply(wanted([name], 25))).applied).toEqual([`renew certificate ${name} by ${program}`])
      const second = serial()
      expect(second).not.toBe(first)

      const both = [name, `www.${name}`]
      expect((await apply(wanted(both, 10))).applied).toEqual([`get certificate ${name} by ${program}`])
      expect((await apply(wanted(both, 10))).changes).toEqual([])
      expect(names()).toContain(`DNS:www.${name}`)

      const third = serial()
      await expect(apply(wanted([...both, `api.${name}`], 10, '/srv/elsewhere'))).rejects.toThrow(
        `no certificate for ${[...both, `api.${name}`].join(', ')}: the old one stays`,
      )
      expect(serial()).toBe(third)
    },
  )
})
