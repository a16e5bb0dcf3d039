import { defineConfig } from 'vitest/config'

/** What takes too long for every run: `npm run test:long`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/long/*.test.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 30_000,
  },
})
