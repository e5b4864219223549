import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { WorkRequest } from '#shared/api/work.ts'
import { REQUEST_STATES, type RequestState } from '#shared/api/choices.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Badge, Bidi, TimeText, type Tone } from '../../ui/bits.tsx'
import { Code } from './code.tsx'
import { Due } from './due.tsx'
import { WorkFrame } from './frame.tsx'
import { NewRequestDialog } from './new-request.tsx'
import { requestsQuery } from './queries.ts'
import type { WorkSearch } from './search.ts'
import { RequestDrawer } from './request-drawer.tsx'
import css from './work.module.css'

export const REQUEST_TONES: Record<RequestState, Tone> = {
  open: 'accent',
  done: 'ok',
  problem: 'danger',
  archived: 'neutral',
}

/** Requests of customers. Whose, in which state and which one is open stand in the address. */
export function RequestsPage() {
  const { t } = useI18n()
  const me = useMe()
  const asked = useSearch({ from: '/inside/requests' })
  const navigate = useNavigate({ from: '/requests' })
  const ask = (change: WorkSearch<RequestState>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const list = useInfiniteQuery(requestsQuery(asked))
  const requests = list.data?.pages.flatMap((page) => page.items) ?? []
  const mayMake = can(me, 'request.edit')
  useKeys(
    t('work.requests.title'),
    mayMake ? [{ keys: 'c', label: t('work.requests.new'), run: () => ask({ make: true }) }] : [],
  )
  return (
    <>
      <WorkFrame
        noun="requests"
        states={REQUEST_STATES}
        asked={asked}
        mayMake={mayMake}
        maySeeAll={can(me, 'request.view_all')}
        list={list}
        count={requests.length}
        onAsk={ask}
      >
        {requests.map((request) => (
          <RequestRow key={request.id} request={request} onOpen={() => ask({ id: request.id })} />
        ))}
      </WorkFrame>
      {asked.make === true && mayMake && <NewRequestDialog onClose={() => ask({ make: undefined })} />}
      {asked.id !== undefined && <RequestDrawer key={asked.id} id={asked.id} onClose={() => ask({ id: undefined })} />}
    </>
  )
}

function RequestRow({ request, onOpen }: { request: WorkRequest; onOpen: () => void }) {
  const { t } = useI18n()
  const users = useUsers()
  return (
    <li className={css.row} data-state={request.state}>
      <button type="button" className={css.open} onClick={onOpen}>
        <Code code={request.code} className={css.code} />
        <Bidi className={css.title}>{request.subject === '' ? request.text : request.subject}</Bidi>
      </button>
      <span className={css.facts}>
        <Badge tone={REQUEST_TONES[request.state]}>{t(`work.state.${request.state}`)}</Badge>
        {request.contact !== null && <Bidi>{request.contact.name}</Bidi>}
        <Bidi>{users.get(request.assigneeId)?.name ?? '…'}</Bidi>
        <Due at={request.dueOn} open={request.state === 'open' || request.state === 'problem'} />
        <TimeText at={request.createdAt} />
      </span>
    </li>
  )
}
