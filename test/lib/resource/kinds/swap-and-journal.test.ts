import { expect, test } from 'vitest'
import { journald } from '../../../../lib/resource/kinds/journald.ts'
import { swapFile } from '../../../../lib/resource/kinds/swap-file.ts'
import { judge } from '../../../support/resource-case.ts'

test.each([
  ['- - no\n', '1024 MiB', undefined],
  ['- 1048572 yes\n', undefined, undefined],
  ['- 1048572 no\n', 'add to fstab', undefined],
  ['- 524284 yes\n', '512 -> 1024 MiB', undefined],
  ['container - no\n', undefined, 'no swap file here: container'],
  ['btrfs - no\n', undefined, 'no swap file here: btrfs'],
])('swap, seen %j', (output, detail, note) => {
  expect(judge(swapFile({ mebibytes: 1024 }), output)).toMatchObject({ detail, note })
})

test('journal limits are a file and a restart of the journal alone', () => {
  const { wanted, notify } = journald({ maxUse: '500M', keepFree: '1G', days: 14 })
  expect(wanted.content).toContain('SystemMaxUse=500M\nSystemKeepFree=1G\nMaxRetentionSec=14day\n')
  expect(notify.map(({ id }) => id)).toEqual(['restart systemd-journald'])
  expect(() => journald({ maxUse: '500' })).toThrow('is not allowed')
  expect(() => swapFile({ mebibytes: 1 })).toThrow('is not allowed')
})
