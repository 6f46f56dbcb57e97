import { lastLines, tail } from '../text/last-lines.ts'

/** Why a program on a host failed, by what it said: behind the colon when it is one line, else on lines of its own. */
export function because(stderr: string): string {
  const [only, ...more] = lastLines(stderr)
  return only !== undefined && more.length === 0 ? ` ${only}` : tail(stderr)
}

/** Whether it failed for want of rights; what it said was said with `LC_ALL=C`. */
export const isDenied = (stderr: string): boolean => /permission denied|operation not permitted/i.test(stderr)
