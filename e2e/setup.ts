import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { type BrowserProgram, findBrowser } from './chromium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    browser: BrowserProgram
  }
}

/** Before all journeys: the program is built, and there is a browser. */
export default async function setup(project: TestProject): Promise<void> {
  for (const part of ['server/src/main.js', 'web/index.html'])
    if (!existsSync(new URL(`../dist/${part}`, import.meta.url)))
      throw new Error('The program is not built. Run the journeys with: npm test -- e2e')
  project.provide('browser', await findBrowser())
}
