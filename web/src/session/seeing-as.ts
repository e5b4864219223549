import type { Me } from '#shared/api/session.ts'
import { api } from '../api.ts'

/** As whom this window sees the product: kept with the window, so that a reload goes on and other windows do not. */
const STORED = 'daftar.seeAs'

export function seenAs(): string | null {
  try {
    return sessionStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** Sent with every request while one sees as somebody else. */
export function seeAsHeader(): Record<string, string> {
  const userId = seenAs()
  return userId === null ? {} : { 'x-daftar-see-as': userId }
}

/** Begins, as far as one may; everything is fetched anew as that user would get it. @throws ApiProblem */
export async function beginSeeingAs(userId: string): Promise<void> {
  await api.post<Me>(`/users/${userId}/see-as`)
  sessionStorage.setItem(STORED, userId)
  location.assign('/')
}

/** From now on one sees as oneself again. */
export function forgetSeeingAs(): void {
  try {
    sessionStorage.removeItem(STORED)
  } catch {
    // Where nothing can be stored nothing was.
  }
}

export function endSeeingAs(): void {
  forgetSeeingAs()
  location.assign('/settings/users')
}
