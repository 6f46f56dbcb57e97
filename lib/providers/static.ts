import { UsageError } from '../errors.ts'
import type { Provider } from './provider.ts'

/** Hosts that somebody else makes: their addresses stand in the fleet file. */
export const staticProvider: Provider = {
  name: 'static',
  list: async () => [],
  async create() {
    throw new UsageError('this fleet has no provider that makes machines', {
      hint: "write the hosts' addresses into the fleet file",
    })
  },
  async destroy() {
    throw new UsageError('this fleet has no provider that ends machines', {
      hint: "end them at the hosts' provider",
    })
  },
}
