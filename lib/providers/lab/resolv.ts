import { readFile } from 'node:fs/promises'

const SOURCES = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']

/**
 * The resolv.conf for a VPS, from this machine's name servers. Empty when they all listen on loopback only:
 * then the VPS keeps Docker's resolver.
 */
export async function resolvConf(): Promise<string> {
  for (const path of SOURCES) {
    const lines = usableLines(await readFile(path, 'utf8').catch(() => ''))
    if (lines.some(line => line.startsWith('nameserver'))) return `${lines.join('\n')}\n`
  }
  return ''
}

/** The lines that also hold inside a container. */
export const usableLines = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter(line => /^(search|options)\s/.test(line) || /^nameserver\s+(?!127\.|::1)/.test(line))
