import { beforeEach, expect, it, vi } from 'vitest'
import { copyText } from './copy-text.ts'

const told: string[] = []
vi.mock('./toast.tsx', () => ({ toast: (text: string) => told.push(text) }))
beforeEach(() => told.splice(0))

it('says that a text was copied', async () => {
  const written: string[] = []
  vi.stubGlobal('navigator', { clipboard: { writeText: async (text: string) => written.push(text) } })
  await copyText('+989121234567', 'کپی شد')
  expect([written, told]).toEqual([['+989121234567'], ['کپی شد']])
})

it('shows the text where the browser gives no clipboard: over plain http', async () => {
  vi.stubGlobal('navigator', {})
  await copyText('+989121234567', 'کپی شد')
  expect(told).toEqual(['+989121234567'])
})
