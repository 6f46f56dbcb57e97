import { expect, test } from 'vitest'
import { missesVariable, missingVariable } from '../../../lib/container/missing-variable.ts'

/** What programs say when it is missing, in their libraries' own words. */
const LOGS: Readonly<Record<string, string>> = {
  'Python 3.11': `Traceback (most recent call last):
  File "/srv/app.py", line 54, in <module>
    os.environ["DATABASE_URL"]
    ~~~~~~~~~~^^^^^^^^^^^^^^^^
  File "<frozen os>", line 679, in __getitem__
KeyError: 'DATABASE_URL'`,
  'pydantic-settings': `pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
database_url
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.5/v/missing`,
  'django-environ': 'django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable',
  'python-decouple':
    'decouple.UndefinedValueError: DATABASE_URL not found. Declare it as envvar or define a default value.',
  'Node, a sentence': `throw new Error("Missing required environment variable: DATABASE_URL")
                              ^

Error: Missing required environment variable: DATABASE_URL
    at [eval]:1:37`,
  'Node, an assertion': 'AssertionError [ERR_ASSERTION]: DATABASE_URL is not set',
  'Node, zod 4': `ZodError: [
  {
    "expected": "string",
    "code": "invalid_type",
    "path": [
      "DATABASE_URL"
    ],
    "message": "Invalid input: expected string, received undefined"
  }
]`,
  'Node, zod 3': `[ { code: 'invalid_type', expected: 'string', received: 'undefined', path: [ 'DATABASE_URL' ], message: 'Required' } ]`,
  'Node, envalid': `================================
 Missing environment variables:
    DATABASE_URL: undefined
================================`,
  Ruby: `config.rb:1:in \`fetch': key not found: "DATABASE_URL" (KeyError)
Did you mean?  "DATABASE"`,
  Go: '2026/01/01 00:00:00 required key DATABASE_URL missing value',
  'Go, env': 'env: required environment variable "DATABASE_URL" is not set',
  Spring: `Could not resolve placeholder 'DATABASE_URL' in value "\${DATABASE_URL}"`,
  dash: 'sh: 1: DATABASE_URL: parameter not set',
  bash: 'bash: DATABASE_URL: parameter null or not set',
  'bash -u': 'run.sh: line 3: DATABASE_URL: unbound variable',
  'a sentence': 'fatal: the DATABASE_URL environment variable is required',
  'another one': 'DATABASE_URL must be set',
}

test.each(Object.entries(LOGS))('%s', (_, log) => {
  expect(missingVariable(log)).toBe('DATABASE_URL')
})

test.each([
  `Traceback (most recent call last):\n  File "/srv/app.py", line 3, in <module>\n    PRICES["EUR"]\nKeyError: 'EUR'`,
  'HTTP is required',
  'TypeError: Cannot read properties of undefined',
  'listening on 127.0.0.1:8000',
  'migration 7 is missing',
  '',
])('%j names no variable', log => {
  expect(missingVariable(log)).toBeUndefined()
})

test('says what the environment has of it', () => {
  const log = LOGS.dash ?? ''
  const misses = ': it misses the environment variable DATABASE_URL'
  expect(missesVariable('', 'DATABASE_URL')).toBe('')
  expect(missesVariable(log, undefined)).toBe(misses)
  expect(missesVariable(log, 'PATH\nDATABASE')).toBe(
    `${misses}, which is not in the service's env in the fleet file`,
  )
  expect(missesVariable(log, 'DATABASE_URL=')).toBe(`${misses}, which is set to nothing`)
  expect(missesVariable(log, 'PATH\nDATABASE_URL')).toBe(`${misses}, although it is set`)
})
