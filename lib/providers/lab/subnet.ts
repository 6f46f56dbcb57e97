import { ApiError } from '../../errors.ts'

const COUNT = 256
const FIRST_HOST = 11
const LAST_HOST = 250

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

/** Whether two IPv4 networks in CIDR notation share an address. */
export function overlaps(a: string, b: string): boolean {
  const [aAddress = '', aBits = '32'] = a.split('/')
  const [bAddress = '', bBits = '32'] = b.split('/')
  const size = 2 ** (32 - Math.min(Number(aBits), Number(bBits)))
  return Math.floor(toNumber(aAddress) / size) === Math.floor(toNumber(bAddress) / size)
}

/** The free /24 networks of 10.83.0.0/16, beginning at a place that depends on the lab's name. */
export function freeSubnets(lab: string, used: readonly string[]): readonly string[] {
  const start = lab.split('').reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % COUNT, 7)
  return Array.from({ length: COUNT }, (_, index) => `10.83.${(start + index) % COUNT}.0/24`).filter(
    subnet => !used.some(other => overlaps(subnet, other)),
  )
}

const prefixOf = (subnet: string): string => subnet.split('.').slice(0, 3).join('.')

/** Where the package cache sits in a lab's network. */
export const cacheAddress = (subnet: string): string => `${prefixOf(subnet)}.2`

/** Addresses for new hosts, lowest first, never one that is taken. */
export function freeAddresses(subnet: string, taken: ReadonlySet<string>, count: number): readonly string[] {
  const all = Array.from(
    { length: LAST_HOST - FIRST_HOST + 1 },
    (_, index) => `${prefixOf(subnet)}.${FIRST_HOST + index}`,
  )
  const free = all.filter(address => !taken.has(address)).slice(0, count)
  if (free.length === count) return free
  throw new ApiError(
    `a lab has room for ${all.length} hosts, ${taken.size} are taken and ${count} more wanted`,
    {
      hint: 'FLEET_LAB=another fleet lab up',
    },
  )
}
