import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { RequestMove, RequestPatch, WorkRequest } from '#shared/api/work.ts'
import { formatDate } from '#shared/dates.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, queryClient, useMe, useUsers } from '../../session/session.ts'
import { Badge, Bidi, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, SelectField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useColleagues } from '../deals/new-deal.tsx'
import { codeText } from './code.tsx'
import { Due } from './due.tsx'
import { IconArchive, IconArrowBackUp, IconCheck, IconTrash } from './icons.ts'
import { requestQuery } from './queries.ts'
import { REQUEST_TONES } from './requests.tsx'
import css from './work.module.css'

/** All of a request, and the next step of whoever looks at it. */
export function RequestDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const { data: request, error } = useQuery(requestQuery(id))
  const title =
    request === undefined ? t('work.requests.title') : t('work.requests.one', { code: codeText(i, request.code) })
  return (
    <Dialog title={title} look="drawer" onClose={onClose}>
      {request !== undefined ? (
        <Body request={request} onClose={onClose} />
      ) : error === null ? (
        <div className={css.drawer} aria-busy="true">
          <Skeleton width="60%" height={18} />
          <Skeleton width="90%" height={60} />
        </div>
      ) : (
        <p className={css.drawer}>{t('work.gone')}</p>
      )}
    </Dialog>
  )
}

/** Refusals that are not about a field are told; the newest state is read again after each. */
async function attempt(work: () => Promise<unknown>): Promise<ApiProblem | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    toastProblem(error)
    return error
  } finally {
    void queryClient.invalidateQueries({ queryKey: ['requests'] })
  }
}

function Body({ request, onClose }: { request: WorkRequest; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const users = useUsers()
  const colleagues = useColleagues()
  const [words, setWords] = useState(request.state === 'done' ? '' : request.answer)
  const mayEdit = can(me, 'request.edit')
  const all = can(me, 'request.view_all')
  const isDoer = mayEdit && (request.assigneeId === me.id || all)
  const isAsker = mayEdit && (request.createdById === me.id || all)
  const patch = (change: RequestPatch) =>
    attempt(async () => {
      queryClient.setQueryData(
        requestQuery(request.id).queryKey,
        await api.patch<WorkRequest>(`/requests/${request.id}`, change),
      )
    })
  const move = (to: RequestMove['to']) =>
    void attempt(async () => {
      const moved = await api.post<WorkRequest>(`/requests/${request.id}/move`, { to, text: words })
      queryClient.setQueryData(requestQuery(request.id).queryKey, moved)
      setWords(to === 'done' ? '' : moved.answer)
      toast(t(`work.requests.moved.${to}`, { code: codeText(i, moved.code) }))
    })
  const remove = async () => {
    const problem = await attempt(() => api.delete(`/requests/${request.id}`))
    if (problem === null) onClose()
  }
  const nameOf = (id: string) => users.get(id)?.name ?? '…'
  return (
    <div className={css.drawer} data-testid="request-drawer">
      <div className={css.facts}>
        <Badge tone={REQUEST_TONES[request.state]}>{t(`work.state.${request.state}`)}</Badge>
        <Due at={request.dueOn} open={request.state === 'open' || request.state === 'problem'} />
      </div>
      {request.contact !== null && (
        <Link to="/contacts/$id" params={{ id: request.contact.id }} className={css.contact}>
          <Bidi>{request.contact.name}</Bidi>
        </Link>
      )}
      {request.subject !== '' && (
        <h2>
          <Bidi>{request.subject}</Bidi>
        </h2>
      )}
      <p className={css.words} dir="auto">
        {request.text}
      </p>
      {request.answer !== '' && (
        <section>
          <h3>{t('work.field.answer')}</h3>
          <p className={css.words} dir="auto">
            {request.answer}
          </p>
        </section>
      )}
      {request.state === 'problem' && (
        <section className={css.wrong}>
          <h3>{t('work.field.problem')}</h3>
          <p className={css.words} dir="auto">
            {request.problem}
          </p>
        </section>
      )}
      {request.state !== 'archived' && mayEdit && (
        <SelectField
          label={t('work.field.assignee')}
          value={request.assigneeId}
          options={colleagues.map((user) => ({ value: user.id, label: user.name }))}
          onChange={(event) => void patch({ assigneeId: event.currentTarget.value })}
        />
      )}
      {isDoer && (request.state === 'open' || request.state === 'problem') && (
        <>
          <AreaField
            label={t('work.field.answer')}
            value={words}
            maxLength={5000}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
          <div className={css.actions}>
            <Button look="primary" icon={<IconCheck size={17} />} onClick={() => move('done')}>
              {t('work.requests.done')}
            </Button>
            {request.assigneeId === me.id && words !== request.answer && (
              <Button onClick={() => void patch({ answer: words })}>{t('common.save')}</Button>
            )}
          </div>
        </>
      )}
      {isAsker && request.state === 'done' && (
        <>
          <AreaField
            label={t('work.field.problem.help')}
            value={words}
            maxLength={5000}
            onChange={(event) => setWords(event.currentTarget.value)}
          />
          <div className={css.actions}>
            <Button look="primary" icon={<IconArchive size={17} />} onClick={() => move('archived')}>
              {t('work.requests.archive')}
            </Button>
            <Button
              icon={<IconArrowBackUp size={17} className="mirror" />}
              disabled={words.trim() === ''}
              onClick={() => move('problem')}
            >
              {t('work.requests.problem')}
            </Button>
          </div>
        </>
      )}
      <footer className={css.trace}>
        <p>
          {t('work.registered', {
            name: nameOf(request.createdById),
            time: formatDate(request.createdAt, i, 'datetime'),
          })}
        </p>
        {request.doneAt !== null && <p>{t('work.doneAt', { time: formatDate(request.doneAt, i, 'datetime') })}</p>}
        {request.archivedAt !== null && (
          <p>{t('work.archivedAt', { time: formatDate(request.archivedAt, i, 'datetime') })}</p>
        )}
        {isAsker && !request.locked && (
          <Button small look="quiet" icon={<IconTrash size={16} />} onClick={() => void remove()}>
            {t('common.delete')}
          </Button>
        )}
      </footer>
    </div>
  )
}
