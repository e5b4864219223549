import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['daftar-source'] },
  ssr: { resolve: { conditions: ['daftar-source'] } },
  test: {
    include: ['{shared,channels,server,simulators,scripts,web}/**/*.test.ts'],
    globalSetup: ['server/test/postgres.ts'],
    setupFiles: ['server/test/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    dangerouslyIgnoreUnhandledErrors: false,
  },
})
