import { ConfigError } from '../../errors.ts'

const NAME = String.raw`[A-Za-z0-9][A-Za-z0-9._-]*`
const PATH = String.raw`[A-Za-z0-9_~][A-Za-z0-9_~./+%-]*`

const ALLOWED = [
  new RegExp(`^https://${NAME}(:\\d+)?/${PATH}$`),
  new RegExp(`^ssh://(${NAME}@)?${NAME}(:\\d+)?/${PATH}$`),
  new RegExp(`^${NAME}@${NAME}:/?${PATH}$`),
  new RegExp(`^/${PATH}$`),
]

/**
 * Where git may fetch from: https, ssh, or a repository on the host itself. No transport that runs a command (`ext::`),
 * none that nobody vouches for (`git:`, `http:`), and no password in the text. Throws ConfigError.
 */
export function gitUrl(url: string): string {
  if (ALLOWED.some(pattern => pattern.test(url)) && !url.includes('/../')) return url
  const shown = JSON.stringify(url.replace(/\/\/[^/]*@/, '//...@'))
  throw new ConfigError(
    `git URL ${shown} is not allowed: want https://, ssh://, user@host:path or an absolute path`,
    {
      ...(/^https:\/\/[^/]*@/.test(url) && {
        hint: 'use a deploy key: a password in a URL shows everywhere',
      }),
    },
  )
}

/** A branch's or tag's name, as git-check-ref-format takes it, without what a shell or git would read otherwise. */
export function gitRef(what: string, name: string): string {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9._/+#-]*$/.test(name)
  if (!plain || /\.\.|\/\/|\/\.|\/$|\.$|\.lock(\/|$)/.test(name)) {
    throw new ConfigError(`git ${what} ${JSON.stringify(name)} is not allowed`)
  }
  return name
}
