import { expect, test } from 'vitest'
import { absentPackages, packages, purgedPackages } from '../../../../lib/resource/kinds/packages.ts'
import { judge } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

test.each([
  ['', '2 of 2 missing: nginx, g++', 'install nginx, g++'],
  ['nginx installed\n', '1 of 2 missing: g++', 'install g++'],
  ['nginx config-files\ng++ installed\n', '1 of 2 missing: nginx', 'install nginx'],
  ['nginx installed\ng++ not-installed\ng++ installed\n', undefined, undefined],
])('wanted, seen %j', (output, detail, title) => {
  const judged = judge(packages(['nginx', 'g++']), output)
  expect(judged.detail).toBe(detail)
  expect(judged.steps[0]?.title).toBe(title)
})

test.each([
  ['', undefined],
  ['apache2 config-files\n', undefined],
  ['apache2 installed\n', 'apache2'],
])('unwanted, seen %j', (output, detail) => {
  expect(judge(absentPackages(['apache2']), output).detail).toBe(detail)
})

test.each([
  ['', undefined],
  ['apache2 not-installed\n', undefined],
  ['apache2 config-files\n', 'apache2'],
  ['apache2 installed\n', 'apache2'],
])('unwanted for good, seen %j', (output, detail) => {
  expect(judge(purgedPackages(['apache2']), output).detail).toBe(detail)
})

test('only what is missing is installed, with nobody asked', () => {
  const [step] = judge(packages(['nginx', 'curl']), 'curl installed\n').steps
  expect(scriptOf(step)).toContain('set -- --no-install-recommends install nginx\n')
  expect(scriptOf(step)).toContain('DEBIAN_FRONTEND=noninteractive')
})

test.each(
  ['nginx; reboot', '-y', 'Nginx', 'a', 'nginx=1', '../x.deb', '/x.deb', 'nginx-', 'a b'].filter(
    name => name !== 'nginx-',
  ),
)('refuses %j', name => {
  expect(() => packages([name])).toThrow('is not allowed')
})

test('refuses none', () => {
  expect(() => packages([])).toThrow('at least one')
})
