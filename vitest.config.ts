import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/*.test.ts', 'test/proof/*.test.ts'],
    setupFiles: ['test/support/proof/every-test.ts'],
    globalSetup: ['test/support/proof/print-table.ts'],
    // For what hangs, not for what is slow: with other work on the machine programs take ten times as long to start.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // More than cores: most files wait for a lifetime or a time-out to pass.
    maxWorkers: 3,
    // Of test/proof/fuzz.test.ts; `npm run proof` sends more.
    provide: { fuzzedRequests: 5000, seed: 5 },
  },
})
