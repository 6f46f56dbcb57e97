import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A new folder in the system's temporary one, with these files in it. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'fleet-test-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

/** The text of a small fleet file that is right. */
export const smallFleet = (name: string, hosts = `web1: { role: 'web', address: '203.0.113.1' }`): string => `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: '${name}',
  access: { user: 'deploy' },
  roles: { web: {} },
  hosts: { ${hosts} },
  services: {},
})
`
