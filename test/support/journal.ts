import type { JournalHeader } from '../../lib/runs/record.ts'

export const NONCE = 'fleetfile-0123456789abcdef0123456789abcdef'
export const BOOT = '6f1c6b2e-0000-4000-8000-000000000001'

/** The first line of a journal with these steps. */
export const journalHeader = (
  titles: readonly string[] = ['install nginx', 'write /etc/motd', 'restart nginx'],
  more: Partial<JournalHeader> = {},
): string =>
  `${JSON.stringify({
    version: 1,
    nonce: NONCE,
    boot: BOOT,
    startedAt: '2026-11-22T12:00:00Z',
    steps: titles.map(title => ({ resource: title, title, timeout: 600 })),
    ...more,
  })}\n`

/** A marker line as an acting script writes it. */
export const mark = (...words: readonly (string | number)[]): string => `\n${NONCE} ${words.join(' ')}\n`

/** A step that said something and ended. */
export const step = (index: number, exitCode: number, said = '', milliseconds = 1200): string =>
  `${mark('begin', index)}${said}${mark('end', index, exitCode, milliseconds)}`
