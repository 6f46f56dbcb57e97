import { expect, test } from 'vitest'
import { unitFile } from '../../../../lib/resource/kinds/unit-file.ts'
import { unit } from '../../../../lib/resource/kinds/unit.ts'
import { judge } from '../../../support/resource-case.ts'

const shown = (load: string, active: string, file: string) =>
  `LoadState=${load}\nActiveState=${active}\nUnitFileState=${file}\n`

test.each([
  [{ enabled: true, active: true }, shown('loaded', 'active', 'enabled'), undefined],
  [{ enabled: true, active: true }, shown('loaded', 'active', 'static'), undefined],
  [{ enabled: true, active: true }, shown('loaded', 'failed', 'disabled'), 'enable, start'],
  [{ enabled: true, active: true }, shown('masked', 'inactive', 'masked'), 'unmask, enable, start'],
  [{ enabled: true, active: true }, shown('not-found', 'inactive', ''), 'enable, start'],
  [{ enabled: true, active: true }, '', 'enable, start'],
  [{ enabled: false, active: false }, shown('not-found', 'inactive', ''), undefined],
  [{ enabled: false, active: false }, shown('loaded', 'active', 'enabled'), 'disable, stop'],
  [{ enabled: false, active: false }, shown('loaded', 'inactive', 'masked'), undefined],
  [{ masked: true }, shown('loaded', 'active', 'enabled'), 'mask, stop'],
  [{ masked: true }, shown('masked', 'inactive', 'masked'), undefined],
  [{ masked: true }, shown('not-found', 'inactive', ''), 'mask'],
  [{ active: true }, shown('loaded', 'activating', 'disabled'), undefined],
])('%j, seen %j', (wanted, output, detail) => {
  expect(judge(unit({ name: 'nginx', ...wanted }), output).detail).toBe(detail)
})

test('blocks go to their units in order', () => {
  const { kind, wanted } = unit({ name: 'a', active: true })
  const output = `${shown('loaded', 'active', 'enabled')}\n${shown('loaded', 'failed', 'disabled')}`
  expect(kind.parse(output, [wanted, wanted]).map(({ active }) => active)).toEqual(['active', 'failed'])
})

test('a unit to be off is turned off when a package before it may bring it', () => {
  const { kind, wanted } = unit({ name: 'nginx', enabled: false })
  expect(kind.afterInstall?.(wanted, { load: 'not-found', active: 'inactive', file: '' })).toBeDefined()
  expect(
    kind.afterInstall?.(wanted, { load: 'loaded', active: 'inactive', file: 'disabled' }),
  ).toBeUndefined()
})

test('a unit file asks for a daemon-reload before its other handlers', () => {
  const { notify } = unitFile({ name: 'a', content: '', notify: [{ id: 'x', script: 'true' }] })
  expect(notify.map(({ id }) => id)).toEqual(['systemd daemon-reload', 'x'])
})

test.each(['-x', 'a b', 'a;b', '../x', '', 'a\n'])('refuses %j', name => {
  expect(() => unit({ name })).toThrow('is not allowed')
})
