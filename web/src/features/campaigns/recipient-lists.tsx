import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { ListMember, RecipientList } from '#shared/api/campaigns.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Avatar, Badge, Bidi, EmptyState, LoadFailed, PhoneText, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { AreaField, TextField } from '../../ui/field.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { useList } from '../lists/use-list.ts'
import { useMedia } from '../../ui/use-media.ts'
import { Confirm } from '../settings/parts.tsx'
import { FormDialog } from '../settings/unsaved.tsx'
import { NewListDialog } from './audience-step.tsx'
import css from './campaigns.module.css'
import { FileDialog } from './file-dialog.tsx'
import { FillState } from './fill.tsx'
import { IconArrowLeft, IconFileUpload, IconListDetails, IconPencil, IconPlus, IconTrash, IconX } from './icons.ts'
import { Places } from './places.tsx'
import { recipientListQuery, recipientListsQuery } from './queries.ts'
import { Rows } from './rows.tsx'

const freshen = () => queryClient.invalidateQueries({ queryKey: ['exclusions'] })

/** /campaigns/lists: people put together by hand or by a file, for one campaign after the other. */
export function RecipientListsPage() {
  const { t } = useI18n()
  const { id } = useSearch({ from: '/inside/campaigns/lists' })
  return (
    <section className={css.page} aria-label={t('campaigns.lists.title')} data-testid="lists-page">
      {id === undefined ? <AllLists /> : <OneList key={id} id={id} />}
    </section>
  )
}

function AllLists() {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const [search, setSearch] = useState('')
  const [asking, setAsking] = useState<'file' | 'name' | null>(null)
  const lists = useInfiniteQuery(recipientListsQuery(search))
  const items = lists.data?.pages.flatMap((page) => page.items) ?? []
  const manage = can(me, 'campaign.manage')
  const open = (list: RecipientList) => void navigate({ to: '/campaigns/lists', search: { id: list.id } })
  const buttons = manage && (
    <div className={css.actions}>
      <Button icon={<IconPlus size={17} />} onClick={() => setAsking('name')} data-testid="new-list">
        {t('campaigns.lists.new')}
      </Button>
      <Button
        look="primary"
        icon={<IconFileUpload size={17} />}
        onClick={() => setAsking('file')}
        data-testid="list-from-file"
      >
        {t('campaigns.audience.file')}
      </Button>
    </div>
  )
  return (
    <>
      <header className={css.head}>
        <h1>{t('campaigns.lists.title')}</h1>
        {items.length > 0 && buttons}
      </header>
      <Places />
      {(items.length > 0 || search !== '') && (
        <div className={css.filters}>
          <search className={css.search}>
            <SearchInput
              label={t('campaigns.lists.search')}
              hint={t('campaigns.lists.search')}
              keys={t('campaigns.lists.title')}
              search={search}
              onSearch={setSearch}
            />
          </search>
        </div>
      )}
      {lists.isPending ? (
        <Skeleton height={160} />
      ) : lists.isError ? (
        <LoadFailed error={lists.error} retry={() => void lists.refetch()} />
      ) : items.length === 0 ? (
        search === '' ? (
          <EmptyState
            icon={<IconListDetails size={26} />}
            title={t('campaigns.lists.empty.title')}
            text={t('campaigns.lists.empty.text')}
            action={buttons || undefined}
          />
        ) : (
          <EmptyState title={t('campaigns.lists.none')} />
        )
      ) : (
        <ol className={css.list}>
          {items.map((list) => (
            <li key={list.id} className={css.item} data-testid="recipient-list-item">
              <div className={css.itemText}>
                <h2>
                  <Link to="/campaigns/lists" search={{ id: list.id }}>
                    <Bidi>{list.name}</Bidi>
                  </Link>
                </h2>
                <p className={css.meta}>
                  <span>{t('campaigns.people', { count: list.count })}</span>
                  {list.unknown > 0 && <span>{t('campaigns.lists.unknown', { count: list.unknown })}</span>}
                  <TimeText at={list.updatedAt} />
                </p>
              </div>
              <div className={css.itemEnd}>
                {list.fill !== null && list.fill.state !== 'done' && (
                  <FillState fill={list.fill} problems={`/recipient-lists/${list.id}/problems`} />
                )}
              </div>
              <span />
            </li>
          ))}
        </ol>
      )}
      {lists.hasNextPage && (
        <div>
          <Button busy={lists.isFetchingNextPage} onClick={() => void lists.fetchNextPage()}>
            {t('common.loadMore')}
          </Button>
        </div>
      )}
      {asking === 'file' && (
        <NewListDialog
          onClose={() => setAsking(null)}
          onMade={(list) => {
            void freshen()
            open(list)
          }}
        />
      )}
      {asking === 'name' && (
        <NameDialog
          title={t('campaigns.lists.new')}
          name=""
          onClose={() => setAsking(null)}
          onSave={async (name) => open(await api.post<RecipientList>('/recipient-lists', { name }))}
        />
      )}
    </>
  )
}

interface NameDialogProps {
  title: string
  name: string
  onSave: (name: string) => Promise<void>
  onClose: () => void
}
function NameDialog({ title, name: before, onSave, onClose }: NameDialogProps) {
  const { t } = useI18n()
  const [name, setName] = useState(before)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    if (name.trim() === '' || busy) return
    setBusy(true)
    try {
      await onSave(name.trim())
      void freshen()
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={title}
      dirty={name !== before}
      busy={busy}
      submit={t('common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('campaigns.lists.name')}
        value={name}
        maxLength={100}
        required
        autoComplete="off"
        error={refusal.field('name') ?? refusal.problem?.message}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </FormDialog>
  )
}

function OneList({ id }: { id: string }) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const { data: list, error, refetch } = useQuery(recipientListQuery(id))
  const [asking, setAsking] = useState<'name' | 'delete' | 'numbers' | 'file' | null>(null)
  const back = (
    <nav className={css.back} aria-label={t('campaigns.back')}>
      <Link to="/campaigns/lists" search={{}}>
        <IconArrowLeft size={16} className="mirror" aria-hidden />
        {t('campaigns.lists.title')}
      </Link>
    </nav>
  )
  if (list === undefined)
    return (
      <>
        {back}
        {error === null ? <Skeleton height={200} /> : <LoadFailed error={error} retry={() => void refetch()} />}
      </>
    )
  const manage = can(me, 'campaign.manage')
  const remove = async () => {
    try {
      await api.delete(`/recipient-lists/${id}`)
      await navigate({ to: '/campaigns/lists', search: {}, replace: true })
      void freshen()
    } catch (problem) {
      toastProblem(problem)
    }
  }
  return (
    <>
      {back}
      <header className={css.head}>
        <div>
          <h1>
            <Bidi>{list.name}</Bidi>
          </h1>
          <p className={css.meta}>
            <span data-testid="list-count">{t('campaigns.people', { count: list.count })}</span>
            {list.unknown > 0 && <span>{t('campaigns.lists.unknown', { count: list.unknown })}</span>}
          </p>
        </div>
        {manage && (
          <div className={css.actions}>
            <Button icon={<IconPlus size={16} />} onClick={() => setAsking('numbers')} data-testid="add-numbers">
              {t('campaigns.lists.numbers')}
            </Button>
            <Button icon={<IconFileUpload size={16} />} onClick={() => setAsking('file')}>
              {t('campaigns.lists.file')}
            </Button>
            <IconButton label={t('campaigns.lists.rename')} onClick={() => setAsking('name')}>
              <IconPencil size={17} />
            </IconButton>
            <IconButton label={t('campaigns.lists.delete')} onClick={() => setAsking('delete')}>
              <IconTrash size={17} />
            </IconButton>
          </div>
        )}
      </header>
      {list.fill !== null && (
        <FillState
          fill={list.fill}
          problems={`/recipient-lists/${id}/problems`}
          csv={`/recipient-lists/${id}/problems.csv`}
        />
      )}
      {list.unknown > 0 && <p className={css.quiet}>{t('campaigns.lists.unknown.text')}</p>}
      {can(me, 'contact.view') && <Members list={list} manage={manage} />}
      {asking === 'name' && (
        <NameDialog
          title={t('campaigns.lists.rename')}
          name={list.name}
          onClose={() => setAsking(null)}
          onSave={async (name) => {
            await api.patch<RecipientList>(`/recipient-lists/${id}`, { name })
          }}
        />
      )}
      {asking === 'numbers' && (
        <NumbersDialog
          title={t('campaigns.lists.numbers')}
          onClose={() => setAsking(null)}
          onAdd={async (numbers) => {
            await api.post(`/recipient-lists/${id}/fill`, { numbers })
            void freshen()
          }}
        />
      )}
      {asking === 'file' && (
        <FileDialog
          title={t('campaigns.lists.file')}
          fields
          submit={t('campaigns.file.add')}
          onClose={() => setAsking(null)}
          onFill={async (file) => {
            await api.post(`/recipient-lists/${id}/fill`, { file })
            void freshen()
            setAsking(null)
          }}
        />
      )}
      {asking === 'delete' && (
        <Confirm
          title={t('campaigns.lists.delete.title', { name: list.name })}
          confirm={t('campaigns.lists.delete')}
          onClose={() => setAsking(null)}
          onConfirm={() => void remove()}
        >
          <p>{t('campaigns.lists.delete.text')}</p>
        </Confirm>
      )}
    </>
  )
}

interface NumbersDialogProps {
  title: string
  children?: React.ReactNode
  onAdd: (numbers: string) => Promise<void>
  onClose: () => void
}
/** Numbers as they were written down or copied somewhere. */
export function NumbersDialog({ title, children, onAdd, onClose }: NumbersDialogProps) {
  const { t } = useI18n()
  const [numbers, setNumbers] = useState('')
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const add = async () => {
    if (numbers.trim() === '' || busy) return
    setBusy(true)
    try {
      await onAdd(numbers)
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={title}
      dirty={numbers !== ''}
      busy={busy}
      submit={t('common.add')}
      onSubmit={() => void add()}
      onClose={onClose}
    >
      <AreaField
        label={t('campaigns.numbers')}
        help={t('campaigns.numbers.help')}
        rows={8}
        dir="ltr"
        value={numbers}
        maxLength={200_000}
        error={refusal.field('numbers') ?? refusal.problem?.message}
        data-testid="numbers"
        onChange={(event) => setNumbers(event.currentTarget.value)}
      />
      {children}
    </FormDialog>
  )
}

function Members({ list, manage }: { list: RecipientList; manage: boolean }) {
  const { t } = useI18n()
  const [search, setSearch] = useState('')
  const narrow = useMedia('(width < 720px)')
  const path = `/recipient-lists/${list.id}/members`
  const members = useList<ListMember>('exclusions', path, { search })
  const remove = async (member: ListMember) => {
    try {
      await api.post(`/recipient-lists/${list.id}/remove`, { ids: [member.id] })
      await freshen()
      toast(t('campaigns.lists.removed'))
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <>
      <div className={css.filters}>
        <search className={css.search}>
          <SearchInput
            label={t('campaigns.lists.members.search')}
            hint={t('campaigns.lists.members.search')}
            keys={t('campaigns.lists.title')}
            search={search}
            onSearch={setSearch}
          />
        </search>
      </div>
      <Rows
        list={members}
        label={t('campaigns.lists.members')}
        empty={t(search === '' ? 'campaigns.lists.members.empty' : 'campaigns.recipients.none')}
        height={narrow ? 64 : 44}
        testId="members"
        row={(member) => (
          <>
            <span className={css.who}>
              {member.contact === null ? (
                <span>
                  <Bidi>{member.name}</Bidi>
                  {member.name === '' && <span className={css.quiet}>{t('campaigns.lists.unnamed')}</span>}
                </span>
              ) : (
                <>
                  <Avatar
                    id={member.contact.id}
                    name={member.contact.name}
                    fileId={member.contact.avatarFileId}
                    size={26}
                  />
                  <Link to="/contacts/$id" params={{ id: member.contact.id }} className="ellipsis">
                    <Bidi>{member.contact.name}</Bidi>
                  </Link>
                </>
              )}
            </span>
            <span className={css.address}>{member.phone !== null && <PhoneText value={member.phone} />}</span>
            <span className={css.words} dir="auto">
              {list.fields
                .map(({ key }) => member.row[key] ?? '')
                .filter((value) => value !== '')
                .join(' · ')}
            </span>
            <span className={css.outcome}>
              {member.excluded && <Badge tone="warn">{t('campaigns.lists.excluded')}</Badge>}
              {member.contact === null && <Badge>{t('campaigns.lists.new.contact')}</Badge>}
              {manage && (
                <IconButton
                  small
                  className={css.above}
                  label={t('campaigns.lists.member.remove')}
                  onClick={() => void remove(member)}
                >
                  <IconX size={15} />
                </IconButton>
              )}
            </span>
          </>
        )}
      />
    </>
  )
}
