import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, firstVersion } from './installed.ts'
import { COMMAND, type Scene, type Tool } from '../tool.ts'

/** Checks host keys like the others: Fabric alone would take any. */
const script = ({
  hosts,
  identity,
  knownHosts,
}: Scene): string => `from fabric import Connection, ThreadingGroup
from paramiko import RejectPolicy

hosts = ${JSON.stringify(hosts.map(({ address, port }) => [address, port]))}

def connection(address, port):
    one = Connection(address, user="root", port=port, connect_kwargs=dict(key_filename=${JSON.stringify(identity)}, allow_agent=False, look_for_keys=False))
    one.client.load_host_keys(${JSON.stringify(knownHosts)})
    one.client.set_missing_host_key_policy(RejectPolicy())
    return one

results = ThreadingGroup.from_connections([connection(*host) for host in hosts]).run(${JSON.stringify(COMMAND)}, hide=True)
for result in results.values():
    print(result.stdout, end="")
`

const fabric = (name: string, python: string, install: readonly string[]): Tool => ({
  name,
  family: 'fabric',
  install,
  version: () => firstVersion([python, '-c', 'import fabric; print(fabric.__version__)']),
  prepare: scene => writeFile(join(scene.folder, 'fabric-bench.py'), script(scene)),
  line: ({ row, folder }) =>
    row.work === 'command' ? { argv: [python, 'fabric-bench.py'], cwd: folder } : undefined,
  wrong: ({ hosts }, output) =>
    output.split('load average').length - 1 === hosts.length ? undefined : 'not all hosts answered',
})

export const FABRICS: readonly Tool[] = [
  fabric('fabric (Debian)', '/usr/bin/python3', ['apt', 'fabric']),
  fabric('fabric (PyPI)', cached('fabric').bin('python'), ['pip', 'fabric', 'fabric']),
]
