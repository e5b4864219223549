import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { ApiProblem } from '../../api.ts'
import { useCommands } from '../../commands.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { onLiveChange } from '../../live.ts'
import { contactQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { EmptyState, ErrorBoundary, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { ContactDeals } from '../deals/contact-deals.tsx'
import { PossibleDuplicates } from '../duplicates/possible-duplicates.tsx'
import { ContactWork } from '../work/contact-work.tsx'
import { About } from './about.tsx'
import { Addresses } from './addresses.tsx'
import css from './contact.module.css'
import { ContactHead } from './contact-head.tsx'
import { Conflicts } from './conflicts.tsx'
import DeleteDialog, { DeletedBanner } from './delete-dialog.tsx'
import { CustomFields, Details } from './details.tsx'
import { HeadActions } from './head-actions.tsx'
import { IconArrowLeft, IconArrowsJoin, IconMessagePlus, IconTrash, IconUserCheck, IconUserQuestion } from './icons.ts'
import { Identities } from './identities.tsx'
import { lastList } from './last-list.ts'
import { Language } from './language.tsx'
import { Merges } from './merges.tsx'
import { NextWay } from './next-way.tsx'
import { Relations } from './relations.tsx'
import { Timeline } from './timeline.tsx'

const WriteDialog = lazy(() => import('./write-dialog.tsx'))
const MergeDialog = lazy(() => import('./merge-dialog.tsx'))
const ConvertDialog = lazy(() => import('./convert-dialog.tsx'))

type OpenDialog = { what: 'write'; kind: string | null } | { what: 'merge' | 'convert' | 'delete' }

/** Somebody: who they are, how to reach them, and everything that was said and done over all channels. */
export function ContactPage() {
  const { t } = useI18n()
  const { id } = useParams({ from: '/inside/contacts/$id' })
  const navigate = useNavigate()
  const { data: contact, error, refetch } = useQuery(contactQuery(id))
  // A merged contact answers with the one it became: the address follows.
  const becameId = contact === undefined || contact.id === id ? null : contact.id
  useEffect(() => {
    if (becameId !== null) void navigate({ to: '/contacts/$id', params: { id: becameId }, replace: true })
  }, [becameId, navigate])

  // Deleted meanwhile by somebody else, and not ours to see any more.
  const gone = error instanceof ApiProblem && error.status === 404
  if (contact !== undefined && becameId === null && !gone) return <Page key={contact.id} contact={contact} />
  if (gone) {
    return (
      <EmptyState
        icon={<IconUserQuestion size={26} />}
        title={t('contacts.gone.title')}
        text={t('contacts.gone.text')}
        action={
          <Link to="/contacts" search={lastList()}>
            {t('contacts.back')}
          </Link>
        }
      />
    )
  }
  if (error !== null) return <LoadFailed error={error} retry={() => void refetch()} />
  return (
    <div className={css.page} aria-busy="true">
      <div className={css.loading}>
        <Skeleton width={64} height={64} round />
        <Skeleton width="40%" height={22} />
        <Skeleton width="60%" height={16} />
      </div>
    </div>
  )
}

function Page({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const page = useRef<HTMLDivElement>(null)
  const [dialog, setDialog] = useState<OpenDialog | null>(null)
  useMembersLive(contact)
  const isDeleted = contact.deletedAt !== null
  const mayEdit = can(me, 'contact.edit') && !isDeleted
  const open = (what: 'merge' | 'convert' | 'delete') => () => setDialog({ what })
  const actions = [
    {
      what: 'write',
      keys: 'r',
      label: t('contacts.write'),
      icon: IconMessagePlus,
      may: me.channels.send.length > 0 && !isDeleted,
      run: () => setDialog({ what: 'write', kind: null }),
    },
    {
      what: 'merge',
      keys: 'm',
      label: t('contacts.merge'),
      icon: IconArrowsJoin,
      may: !isDeleted && (can(me, 'contact.merge') || (contact.kind === 'visitor' && mayEdit)),
      run: open('merge'),
    },
    {
      what: 'convert',
      label: t('contacts.convert'),
      icon: IconUserCheck,
      may: mayEdit && (contact.kind === 'lead' || contact.kind === 'visitor'),
      run: open('convert'),
    },
    {
      what: 'delete',
      label: t('contacts.delete'),
      icon: IconTrash,
      may: can(me, 'contact.delete') && !isDeleted,
      run: open('delete'),
    },
  ].filter((action) => action.may)
  const runOf = (what: string) => actions.find((action) => action.what === what)?.run
  useKeys(contact.name, [
    { keys: 'escape', label: t('contacts.back'), run: () => void navigate({ to: '/contacts', search: lastList() }) },
    ...actions.flatMap(({ keys, label, run }) => (keys === undefined ? [] : [{ keys, label, run }])),
  ])
  useCommands(
    actions.map(({ what, label, icon, keys, run }) => ({
      id: `contact-${what}`,
      title: label,
      icon,
      run,
      ...(keys !== undefined && { keys }),
    })),
  )
  const close = () => setDialog(null)
  const [onWrite, onMerge, onConvert, onDelete] = ['write', 'merge', 'convert', 'delete'].map(runOf)
  return (
    <div className={css.page} ref={page} data-testid="contact-page">
      <nav className={css.back} aria-label={t('contacts.back')}>
        <Link to="/contacts" search={lastList()}>
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t('contacts.title')}
        </Link>
      </nav>
      <DeletedBanner contact={contact} mayRestore={can(me, 'contact.delete')} />
      <ContactHead
        contact={contact}
        mayEdit={mayEdit}
        actions={
          <HeadActions
            contact={contact}
            {...(onWrite && { onWrite })}
            {...(onMerge && { onMerge })}
            {...(onConvert && { onConvert })}
            {...(onDelete && { onDelete })}
          />
        }
      />
      <div className={css.columns}>
        <aside className={css.aside} aria-label={t('contacts.card')}>
          <Conflicts contact={contact} />
          <PossibleDuplicates contact={contact} />
          <Identities contact={contact} mayEdit={mayEdit} onWrite={(kind) => setDialog({ what: 'write', kind })} />
          <NextWay contact={contact} />
          <Details contact={contact} mayEdit={mayEdit} />
          <CustomFields contact={contact} mayEdit={mayEdit} />
          <ContactDeals contact={contact} readOnly={isDeleted} />
          <ContactWork contact={contact} readOnly={isDeleted} />
          <Relations contact={contact} mayEdit={mayEdit} />
          <Addresses contact={contact} mayEdit={mayEdit} />
          <About contact={contact} mayEdit={mayEdit} />
          <Language contact={contact} mayEdit={mayEdit} />
          <Merges contact={contact} />
        </aside>
        <ErrorBoundary>
          <Timeline contact={contact} scroller={page} mayWrite={mayEdit} />
        </ErrorBoundary>
      </div>
      <Suspense>
        {dialog?.what === 'write' && <WriteDialog contact={contact} kind={dialog.kind} onClose={close} />}
        {dialog?.what === 'merge' && <MergeDialog contact={contact} onClose={close} />}
        {dialog?.what === 'convert' && <ConvertDialog contact={contact} onClose={close} />}
        {dialog?.what === 'delete' && (
          <DeleteDialog
            contact={contact}
            onClose={(isGone) => {
              close()
              if (isGone) void navigate({ to: '/contacts', search: lastList() })
            }}
          />
        )}
      </Suspense>
    </div>
  )
}

/** What happens with those merged into the contact is kept under their own ids; it is this page's too. */
function useMembersLive(contact: Contact): void {
  const losers = contact.merges.filter((one) => one.undoneAt === null).map((one) => one.loserId)
  const members = losers.join(' ')
  useEffect(() => {
    if (members === '') return
    const ids = new Set(members.split(' '))
    return onLiveChange((change) => {
      const touched =
        change.kind === 'message'
          ? change.message.contactId
          : change.kind === 'activity' || change.kind === 'activity_removed'
            ? change.contactId
            : ''
      if (ids.has(touched)) void queryClient.invalidateQueries({ queryKey: ['timeline', contact.id] })
    })
  }, [members, contact.id])
}
