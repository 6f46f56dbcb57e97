import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const alias = { fleetfile: new URL('./lib/index.ts', import.meta.url).pathname }

/** The files that take longest, the longest first: none of them is to begin when the others are about to end. */
const LONGEST = [
  'swap-faults story swap swap-past proxies swarm bad-days strategy swap-kinds resource-kinds plan pair',
  'run-once load bad-input bad-hosts',
].flatMap(line => line.split(' ').map(name => `${name}.test.ts`))

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.indexOf(basename(moduleId))
      return at === -1 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // One fewer unless told, which is half of a small machine.
          maxWorkers: availableParallelism(),
          testTimeout: 30_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'lab',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/images.ts'],
          // Labs wait more than they work: three of them share two cores well.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
})
