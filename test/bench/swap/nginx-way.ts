import { CERTIFICATE } from '../../../lib/proxy/haproxy-host.ts'
import { answers, plainRun, type Way } from './ways.ts'
import { must, type Stage } from './stage.ts'

/** An ordinary configuration: one upstream, TLS, connections kept to both sides. */
const config = (addresses: readonly string[], port: number): string => `
worker_processes auto;
pid /run/nginx-bench.pid;
error_log /tmp/nginx-bench.log;
events { worker_connections 4096; }
http {
  access_log off;
  upstream app { ${addresses.map(address => `server ${address}:${port};`).join(' ')} keepalive 32; }
  server {
    listen 8443 ssl;
    ssl_certificate ${CERTIFICATE};
    ssl_certificate_key ${CERTIFICATE};
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`

/** The new container beside the old one, another upstream, a reload; then the old one is stopped. */
export function nginxReload(stage: Stage, images: readonly string[]): Way {
  const { lb, web } = stage.lab
  const portOf = (turn: number): number => 8001 + (turn % 2)
  const start = async (turn: number) => {
    for (const machine of web) {
      await must(machine, plainRun(machine, `plain${turn % 2}`, images[turn % 2] ?? '', portOf(turn)))
      await answers(machine, portOf(turn))
    }
    const addresses = web.map(({ address }) => address)
    await must(lb, 'cat >/etc/nginx/bench.conf', config(addresses, portOf(turn)))
  }
  return {
    title: 'nginx reload alone',
    origin: `https://${lb.address}:8443`,
    async prepare() {
      await stage.clear('blue')
      await start(0)
      await must(lb, 'nginx -c /etc/nginx/bench.conf')
    },
    async swap(turn) {
      await start(turn)
      await must(lb, 'nginx -c /etc/nginx/bench.conf -s reload')
      const old = `plain${(turn + 1) % 2}`
      for (const machine of web)
        await must(machine, `docker stop ${old} >/dev/null; docker rm ${old} >/dev/null`)
    },
    async clear() {
      await must(lb, 'nginx -c /etc/nginx/bench.conf -s quit || true')
      await stage.clear('blue')
    },
  }
}
