import type { Operation } from '#shared/api/operations.ts'
import { api, fileUrl } from '../../api.ts'
import { queryClient } from '../../session/session.ts'
import { toastProblem } from '../../ui/toast.tsx'
import { placeOperation } from './queries.ts'

async function post(id: string, act: 'cancel' | 'undo'): Promise<void> {
  try {
    placeOperation(await api.post<Operation>(`/operations/${id}/${act}`))
    void queryClient.invalidateQueries({ queryKey: ['contacts'] })
  } catch (error) {
    toastProblem(error)
  }
}
export const cancelOperation = (id: string): Promise<void> => post(id, 'cancel')
export const undoOperation = (id: string): Promise<void> => post(id, 'undo')

/** The browser saves it under the name the server gives. */
export function download(path: string): void {
  const link = document.createElement('a')
  link.href = path
  link.download = ''
  link.click()
}
export const downloadFile = (fileId: string): void => download(fileUrl(fileId, true))
