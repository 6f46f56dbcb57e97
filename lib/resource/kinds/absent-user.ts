import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { userName } from '../check.ts'
import type { Kind, Resource } from '../resource.ts'

export const absentUserKind: Kind<string, boolean> = {
  name: 'absent user',
  observe: names =>
    names.map(name => `getent passwd ${quote(name)} >/dev/null && echo there || echo absent`).join('\n'),
  parse(output, names) {
    const lines = output.split('\n')
    return names.map((_, index) => lines[index] === 'there')
  },
  diff: (_, isThere) => (isThere ? { action: 'remove', detail: 'its files stay' } : undefined),
  act: name => [{ title: `remove user ${name}`, script: `userdel ${quote(name)}` }],
}

/** No user with this name. Its home and files stay; with processes of its own still running, the step fails. */
export function absentUser(name: string): Resource<string, boolean> {
  const wanted = userName(name)
  if (wanted === 'root') throw new ConfigError('user root cannot be removed')
  return { id: `user ${wanted}`, kind: absentUserKind, wanted, notify: [] }
}
