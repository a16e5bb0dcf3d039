import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // More than cores: most files wait for a lifetime or a time-out to pass.
    maxWorkers: 3,
  },
})
