import { defineConfig } from 'vitest/config'

const alias = { fleetfile: new URL('./lib/index.ts', import.meta.url).pathname }

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        resolve: { alias },
        test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: ['test/e2e/**'], testTimeout: 30_000 },
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
