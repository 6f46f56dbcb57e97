import { expect, test } from 'vitest'
import { parseServers } from '../../../lib/proxy/haproxy-state.ts'
import { commandLines, setCommand } from '../../../lib/proxy/haproxy.ts'

// From HAProxy 2.6.12, shortened to the columns that are read.
const OUTPUT = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight
3 web 1 web1-blue 127.0.0.1 2 12 1
3 web 2 web1-green 127.0.0.1 2 4 1
3 web 3 web2-blue 127.0.0.1 0 5 1
3 web 4 web2-green 127.0.0.1 0 4 1
3 web 5 other 127.0.0.1 0 4 1

# pxname,svname,scur,stot,econ,eresp,status,check_status,check_code,hrsp_5xx,
web,web1-blue,2,10,0,0,DRAIN,L7OK,200,0,
web,web1-green,1,20,1,2,UP,L7OK,200,3,
web,web2-blue,0,0,0,0,MAINT,,,0,
web,web2-green,0,0,0,0,DOWN,L4CON,,0,
web,other,0,0,0,0,UP,L4OK,,0,
`

test('reads admin state, health, sessions and errors of the slots', () => {
  expect(parseServers(OUTPUT)).toMatchObject([
    { name: 'web1-blue', host: 'web1', slot: 'blue', admin: 'drain', health: 'up', sessions: 2, errors: 0 },
    { name: 'web1-green', admin: 'ready', health: 'up', check: 'L7OK 200', requests: 20, errors: 6 },
    { name: 'web2-blue', admin: 'maint', health: 'unknown' },
    { name: 'web2-green', admin: 'ready', health: 'down', check: 'L4CON' },
  ])
})

test.each([
  ['UP 1/2', 'unknown'],
  ['DRAIN 1/2', 'unknown'],
  ['DOWN 1/2', 'unknown'],
  ['no check', 'unknown'],
])('%s is %s', (status, health) => {
  expect(parseServers(OUTPUT.replace(',DRAIN,', `,${status},`))[0]).toMatchObject({ health })
})

test('one line flips a backend, ready before drain', () => {
  expect(
    commandLines('web', [
      { server: 'web1-blue', admin: 'drain' },
      { server: 'web1-green', admin: 'ready' },
    ]),
  ).toEqual(['set server web/web1-green state ready; set server web/web1-blue state drain'])
})

test('a hundred hosts are one line, more are several that each fit', () => {
  const changes = (count: number) =>
    Array.from({ length: count }, (_, index) => [
      { server: `web${index}-blue`, admin: 'ready' as const },
      { server: `web${index}-green`, admin: 'drain' as const },
    ]).flat()
  expect(commandLines('web', changes(100))).toHaveLength(1)
  const many = commandLines('web', changes(500))
  expect(many.length).toBeGreaterThan(1)
  expect(many.every(line => line.length < 12_100)).toBe(true)
  expect(many.join('; ').split('; ')).toHaveLength(1000)
})

test('the state file is written aside and renamed', () => {
  const { text } = setCommand('web', [{ server: 'web1-blue', admin: 'ready' }])
  expect(text).toContain("say 'set server web/web1-blue state ready'")
  expect(text).toMatch(/show servers state.*>"\$new"[^]*mv "\$new" \/var\/lib\/haproxy\/server-state/)
})

test('a slot gets the path of its own release before it is checked, and keeps it over a restart', () => {
  const { text } = setCommand('web', [
    { server: 'web1-green', admin: 'drain', health: '/healthz?deep=1' },
    { server: 'web2-green', admin: 'drain', health: '/healthz?deep=1' },
  ])
  const map = '/var/lib/haproxy/web.health'
  const added = text.indexOf(
    `'add map ${map} web1-green /healthz?deep=1; add map ${map} web2-green /healthz?deep=1'`,
  )
  expect(added).toBeGreaterThan(text.indexOf(`'del map ${map} web1-green; del map ${map} web2-green'`))
  expect(text.indexOf(`mv ${map}.new ${map}`)).toBeGreaterThan(added)
  expect(text.indexOf('set server web/web1-green state drain')).toBeGreaterThan(added)
})
