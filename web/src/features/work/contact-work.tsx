import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Badge, Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import card from '../contacts/contact.module.css'
import { Code } from './code.tsx'
import { Due } from './due.tsx'
import { IconPlus } from './icons.ts'
import { NewRequestDialog } from './new-request.tsx'
import { contactRequestsQuery, contactTasksQuery } from './queries.ts'
import { REQUEST_TONES } from './requests.tsx'
import { TaskDialog } from './task-dialog.tsx'
import css from './work.module.css'

/** What was promised to a contact: its requests and open tasks, as far as they are one's own. Needs the texts of `work`. */
export function ContactWork({ contact, readOnly = false }: { contact: ContactBrief; readOnly?: boolean }) {
  const { t } = useI18n()
  const me = useMe()
  const [making, setMaking] = useState<'request' | 'task' | null>(null)
  const seesRequests = can(me, 'request.edit') || can(me, 'request.view_all')
  const seesTasks = can(me, 'task.edit') || can(me, 'task.view_all')
  const requests = useQuery({ ...contactRequestsQuery(contact.id), enabled: seesRequests }).data?.items ?? []
  const tasks = useQuery({ ...contactTasksQuery(contact.id), enabled: seesTasks }).data?.items ?? []
  const close = () => setMaking(null)
  return (
    <>
      {seesRequests && (
        <section className={card.card} data-testid="contact-requests">
          <header>
            <h2>{t('work.requests.title')}</h2>
            {can(me, 'request.edit') && !readOnly && (
              <IconButton small label={t('work.requests.new')} onClick={() => setMaking('request')}>
                <IconPlus size={17} />
              </IconButton>
            )}
          </header>
          {requests.length === 0 && <p className={css.facts}>{t('work.contact.noRequests')}</p>}
          <ul className={css.short}>
            {requests.map((request) => (
              <li key={request.id}>
                <Link to="/requests" search={{ id: request.id, side: 'all' }} preload={false}>
                  <Code code={request.code} />{' '}
                  <Bidi>{request.subject === '' ? request.text.slice(0, 80) : request.subject}</Bidi>
                </Link>
                <span className={css.facts}>
                  <Badge tone={REQUEST_TONES[request.state]}>{t(`work.state.${request.state}`)}</Badge>
                  <Due at={request.dueOn} open={request.state === 'open' || request.state === 'problem'} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {seesTasks && (
        <section className={card.card} data-testid="contact-tasks">
          <header>
            <h2>{t('work.tasks.title')}</h2>
            {can(me, 'task.edit') && !readOnly && (
              <IconButton small label={t('work.tasks.new')} onClick={() => setMaking('task')}>
                <IconPlus size={17} />
              </IconButton>
            )}
          </header>
          {tasks.length === 0 && <p className={css.facts}>{t('work.contact.noTasks')}</p>}
          <ul className={css.short}>
            {tasks.map((task) => (
              <li key={task.id}>
                <Link to="/tasks" search={{ id: task.id, side: 'all' }} preload={false}>
                  <Bidi>{task.title}</Bidi>
                </Link>
                <span className={css.facts}>
                  <Due at={task.dueAt} open />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {making === 'request' && <NewRequestDialog contact={contact} onClose={close} />}
      {making === 'task' && <TaskDialog contact={contact} onClose={close} />}
    </>
  )
}
