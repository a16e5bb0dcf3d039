import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/*.test.ts'],
    // For what hangs, not for what is slow: with other work on the machine programs take ten times as long to start.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // More than cores: most files wait for a lifetime or a time-out to pass.
    maxWorkers: 3,
  },
})
