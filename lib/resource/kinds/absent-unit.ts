import { quote } from '../../shell/quote.ts'
import { unitName } from '../handlers.ts'
import type { Kind, Resource } from '../resource.ts'

export interface AbsentUnitSeen {
  readonly file: boolean
  /** systemd's word: `active`, `inactive`, `failed`. */
  readonly active: string
}

/** What runs of it: a template (`x@.service`) itself never does, its instances do. systemctl takes patterns. */
const running = (name: string): string => quote(name.replace(/@(?=\.[a-z]+$)/, '@*'))

const pathOf = (name: string): string => quote(`/etc/systemd/system/${name}`)

export const absentUnitKind: Kind<string, AbsentUnitSeen> = {
  name: 'absent unit',
  observe: names =>
    names
      .map(
        name => `path=${pathOf(name)}
if [ -e "$path" ] || [ -L "$path" ]; then echo "there $(systemctl is-active -- ${running(name)} 2>/dev/null | head -n 1)"; else echo absent; fi`,
      )
      .join('\n'),
  parse(output, names) {
    const lines = output.split('\n')
    return names.map((_, index) => {
      const [state = 'absent', active = ''] = (lines[index] ?? '').split(' ')
      return { file: state === 'there', active }
    })
  },
  diff: (_, { file, active }) => (file ? { action: 'remove', detail: active } : undefined),
  act: name => [
    {
      title: `stop and remove unit ${name}`,
      script: `systemctl stop -- ${running(name)}
systemctl disable --quiet -- ${quote(name)} || :
rm -f -- ${pathOf(name)}
systemctl daemon-reload
systemctl reset-failed -- ${running(name)} 2>/dev/null || :`,
    },
  ],
}

/** No unit of our own with this name in /etc/systemd/system: stopped, disabled, removed. A package's unit stays. */
export function absentUnit(name: string): Resource<string, AbsentUnitSeen> {
  const wanted = unitName(name)
  return { id: `unit file ${wanted}`, kind: absentUnitKind, wanted, notify: [] }
}
