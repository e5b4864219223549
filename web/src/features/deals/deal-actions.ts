import type { DealBoard, Deal, DealNew, DealPatch } from '#shared/api/deals.ts'
import { ApiProblem, api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { changedDeal, movedDeal, type Place, placeOf, withoutDeal } from './board.ts'
import { dealQuery, underWay } from './queries.ts'

const BOARDS = { queryKey: ['deals', 'board'] }

function onBoards(change: (board: DealBoard) => DealBoard): void {
  queryClient.setQueriesData<DealBoard>(BOARDS, (board) => board && change(board))
}
function placeDeal(deal: Deal): void {
  queryClient.setQueryData(dealQuery(deal.id).queryKey, deal)
  onBoards((board) => changedDeal(board, deal))
}
function readAgain(contactId?: string): void {
  void queryClient.invalidateQueries({ queryKey: ['deals'] })
  if (contactId !== undefined) void queryClient.invalidateQueries({ queryKey: ['contact-deals', contactId] })
}

/** Where a deal stands on a board on screen; else in its stage, at the end. */
function knownPlace(deal: Deal): Place {
  for (const [, board] of queryClient.getQueriesData<DealBoard>(BOARDS)) {
    const place = board && placeOf(board, deal.id)
    if (place) return place
  }
  return { stageId: deal.stageId, beforeId: null }
}

/** The top of a stage as far as it is known: where closed deals go, so that the newest is seen first. */
export function topOf(stageId: string): Place {
  for (const [, board] of queryClient.getQueriesData<DealBoard>(BOARDS)) {
    const column = board?.stages.find((one) => one.stage.id === stageId)
    if (column?.deals[0] !== undefined) return { stageId, beforeId: column.deals[0].id }
  }
  return { stageId, beforeId: null }
}

interface Move extends Place {
  lostReasonId?: string | null
}

/**
 * Moves a deal: at once on the screen, taken back when the server refuses, and undone from the notice.
 * @param told what the notice says; none is shown without it
 */
export async function moveDeal(deal: Deal, move: Move, told?: string): Promise<boolean> {
  const before = knownPlace(deal)
  underWay.set(deal.id, move)
  onBoards((board) => movedDeal(board, deal.id, move))
  try {
    placeDeal(await api.post<Deal>(`/deals/${deal.id}/move`, move))
  } catch (error) {
    underWay.delete(deal.id)
    onBoards((board) => movedDeal(board, deal.id, before))
    readAgain()
    toastProblem(error)
    return false
  }
  underWay.delete(deal.id)
  readAgain(deal.contact.id)
  if (told === undefined) return true
  const back: Move = { ...before, ...(deal.lostReasonId !== null && { lostReasonId: deal.lostReasonId }) }
  toast(told, { undo: () => void moveDeal(deal, back, i18n().t('deals.done.undone')) })
  return true
}

/** Changes fields of a deal. The refusal, when the server has one. */
export async function saveDeal(deal: Deal, patch: DealPatch, told?: string): Promise<ApiProblem | null> {
  try {
    placeDeal(await api.patch<Deal>(`/deals/${deal.id}`, patch))
  } catch (error) {
    if (error instanceof ApiProblem) return error
    throw error
  }
  readAgain(deal.contact.id)
  if (told !== undefined) {
    const { amount, title, expectedOn, responsibleId, lostReasonId, note, fields } = deal
    const all: DealPatch = { amount, title, expectedOn, responsibleId, lostReasonId, note, contactId: deal.contact.id }
    const before: DealPatch = Object.fromEntries(Object.entries(all).filter(([name]) => name in patch))
    if (patch.fields !== undefined)
      before.fields = Object.fromEntries(Object.keys(patch.fields).map((key) => [key, fields[key] ?? null]))
    toast(told, {
      undo: () => void saveDeal(deal, before).then((problem) => problem !== null && toastProblem(problem)),
    })
  }
  return null
}

export async function makeDeal(input: DealNew): Promise<Deal> {
  const deal = await api.post<Deal>('/deals', input)
  queryClient.setQueryData(dealQuery(deal.id).queryKey, deal)
  readAgain(deal.contact.id)
  return deal
}

export async function deleteDeal(deal: Deal): Promise<void> {
  onBoards((board) => withoutDeal(board, deal.id))
  try {
    await api.delete(`/deals/${deal.id}`)
  } catch (error) {
    readAgain(deal.contact.id)
    toastProblem(error)
    return
  }
  readAgain(deal.contact.id)
  toast(i18n().t('deals.done.deleted', { title: deal.title }), {
    undo: () => void api.post(`/deals/${deal.id}/restore`).then(() => readAgain(deal.contact.id), toastProblem),
  })
}
