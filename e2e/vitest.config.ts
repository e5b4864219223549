import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Browser journeys over the built program; `npm test` builds it first. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['daftar-source'] },
  ssr: { resolve: { conditions: ['daftar-source'] } },
  test: {
    include: ['e2e/**/*.test.ts'],
    globalSetup: ['server/test/postgres.ts', 'e2e/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    expect: { poll: { timeout: 30_000, interval: 50 } },
  },
})
