import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['{shared,channels,server,simulators,scripts}/**/*.test.ts'],
    globalSetup: ['server/test/postgres.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
