import { defineConfig } from 'vitest/config'
import all from '../../vitest.config.ts'

/** What shows that no token reaches the browser, and that it would be seen: `npm run proof`. */
export default defineConfig({
  test: {
    ...all.test,
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/proof/*.test.ts', 'test/journeys.test.ts'],
    testTimeout: 3_600_000,
    provide: { fuzzedRequests: 100_000, seed: 5 },
  },
})
