import { expect, test } from 'vitest'
import { maintenancePages } from '../../../lib/proxy/maintenance-pages.ts'
import { folder } from '../../support/folder.ts'

const fleet = folder({ 'pages/closed.html': '<h1>closed</h1>' })
const ctx = { paths: { cwd: '/', fleet, state: '/', cache: '/', home: '/' } }

test('pages are read beside the fleet file; services without one have none', async () => {
  const services = [{ name: 'web', maintenance: 'pages/closed.html' }, { name: 'api' }]
  expect(await maintenancePages(ctx, services)).toEqual(new Map([['web', '<h1>closed</h1>']]))
})

test('a page that is not there is named with its place in the fleet file', async () => {
  await expect(maintenancePages(ctx, [{ name: 'web', maintenance: 'no.html' }])).rejects.toThrow(
    /^services\.web\.proxy\.maintenance: .*no\.html cannot be read/,
  )
})
