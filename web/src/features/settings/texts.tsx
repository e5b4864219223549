import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { FileInfo } from '#shared/api/files.ts'
import type { Team } from '#shared/api/org.ts'
import { type Template, type TemplateNew, type TemplatePatch, TEMPLATE_USES } from '#shared/api/templates.ts'
import { type Locale, LOCALES } from '#shared/locales.ts'
import { ApiProblem, api, fileUrl, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { SelectField, Switch, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { type Refusal, useRefusal } from '../../ui/use-refusal.ts'
import { useTypedSearch } from '../../ui/use-typed-search.ts'
import { teamsQuery } from '../lists/teams.ts'
import {
  IconArchive,
  IconMessage2,
  IconPaperclip,
  IconPencil,
  IconPlus,
  IconRotateClockwise,
  IconSearch,
  IconTrash,
  IconX,
} from '../templates/icons.ts'
import { copyNumbersQuery, templatesQuery, versionsQuery } from '../templates/queries.ts'
import css from '../templates/templates.module.css'
import { TextEditor } from '../templates/text-editor.tsx'
import { directionOf } from '../templates/typing.ts'
import { Confirm, PageHead, Section, Segmented } from './parts.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { FormDialog } from './unsaved.tsx'

const freshen = () => queryClient.invalidateQueries({ queryKey: ['templates'] })
type Shown = 'office' | 'own' | 'archived'

/** Ready answers and the other texts that are written once: for oneself, and for the office. */
export default function TextsPage() {
  const { t } = useI18n()
  const me = useMe()
  const [shown, setShown] = useState<Shown>('office')
  const [search, setSearch] = useState('')
  const [typed, type] = useTypedSearch(search, setSearch)
  const [open, setOpen] = useState<Template | 'new' | null>(null)
  const [removing, setRemoving] = useState<Template | null>(null)
  const filter = shown === 'archived' ? { archived: true } : { own: shown === 'own' }
  const list = useInfiniteQuery(templatesQuery({ ...filter, ...(search !== '' && { search }) }))
  const items = list.data?.pages.flatMap((page) => page.items)
  const mayMake = shown === 'own' || can(me, 'template.manage')
  return (
    <div className={frame.page} data-testid="texts-page">
      <PageHead
        title={t('frame.settings.texts')}
        about={t('settings.texts.about')}
        actions={
          mayMake && shown !== 'archived' ? (
            <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-text">
              {t('templates.new')}
            </Button>
          ) : undefined
        }
      />
      <div className={frame.toolbar}>
        <Segmented
          label={t('templates.whose')}
          value={shown}
          options={(['office', 'own', 'archived'] as const).map((value) => ({
            value,
            label: t(`templates.whose.${value}`),
          }))}
          onChange={setShown}
        />
        <label className={frame.search}>
          <IconSearch size={16} aria-hidden />
          <input
            type="search"
            dir="auto"
            value={typed}
            maxLength={100}
            placeholder={t('templates.search')}
            aria-label={t('templates.search')}
            onChange={(event) => type(event.currentTarget.value)}
          />
        </label>
      </div>
      {items === undefined ? (
        list.error === null ? (
          <PageSkeleton />
        ) : (
          <LoadFailed error={list.error} retry={() => void list.refetch()} />
        )
      ) : items.length === 0 ? (
        search === '' ? (
          <EmptyState
            icon={<IconMessage2 size={26} />}
            title={t(`templates.empty.${shown}`)}
            text={t('templates.empty.text')}
            action={
              mayMake && shown !== 'archived' ? (
                <Button onClick={() => setOpen('new')}>{t('templates.new')}</Button>
              ) : undefined
            }
          />
        ) : (
          <EmptyState icon={<IconSearch size={24} />} title={t('common.noResults')} />
        )
      ) : (
        <ul>
          {items.map((template) => (
            <Row
              key={template.id}
              template={template}
              onOpen={() => setOpen(template)}
              onRemove={() => setRemoving(template)}
            />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('templates.more')}
        </Button>
      )}
      <HowSection />
      {can(me, 'organisation.manage') && <CopiesSection />}
      {open !== null && (
        <TextDialog template={open === 'new' ? null : open} own={shown === 'own'} onClose={() => setOpen(null)} />
      )}
      {removing !== null && <RemoveText template={removing} onClose={() => setRemoving(null)} />}
    </div>
  )
}

function Row({ template, onOpen, onRemove }: { template: Template; onOpen: () => void; onRemove: () => void }) {
  const { t } = useI18n()
  const bringBack = async () => {
    try {
      await api.patch<Template>(`/templates/${template.id}`, { archived: false } satisfies TemplatePatch)
      toast(t('templates.done.back', { name: template.name }))
    } catch (error) {
      toastProblem(error)
    }
    await freshen()
  }
  return (
    <li className={css.row} data-testid="text-row">
      <div className={css.rowText}>
        <div className={css.rowHead}>
          <button type="button" onClick={onOpen}>
            <Bidi>{template.name}</Bidi>
          </button>
          {template.shortcut !== '' && (
            <bdi className={css.shortcut} dir="auto">
              /{template.shortcut}
            </bdi>
          )}
          {template.uses.map((use) => (
            <Badge key={use}>{t(`templates.use.${use}`)}</Badge>
          ))}
        </div>
        <p className={`${css.said} ellipsis`} dir={directionOf(template.text)}>
          {template.text}
        </p>
        <p className={css.meta}>
          {template.folder !== '' && <Bidi>{template.folder}</Bidi>}
          {template.files.length > 0 && <span>{t('templates.files.count', { count: template.files.length })}</span>}
          <span>{t('templates.used', { count: template.used })}</span>
        </p>
      </div>
      {template.editable &&
        (template.archivedAt === null ? (
          <>
            <IconButton small label={t('templates.edit', { name: template.name })} onClick={onOpen}>
              <IconPencil size={16} />
            </IconButton>
            <IconButton small label={t('templates.remove', { name: template.name })} onClick={onRemove}>
              {template.used > 0 ? <IconArchive size={16} /> : <IconTrash size={16} />}
            </IconButton>
          </>
        ) : (
          <Button small icon={<IconRotateClockwise size={15} />} onClick={() => void bringBack()}>
            {t('templates.bringBack')}
          </Button>
        ))}
    </li>
  )
}

function RemoveText({ template, onClose }: { template: Template; onClose: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    try {
      const { archived } = await api.delete<{ archived: boolean }>(`/templates/${template.id}`)
      toast(t(archived ? 'templates.done.archived' : 'templates.done.deleted', { name: template.name }))
      onClose()
    } catch (error) {
      setBusy(false)
      toastProblem(error)
    }
    await freshen()
  }
  return (
    <Confirm
      title={t('templates.remove', { name: template.name })}
      confirm={t(template.used > 0 ? 'templates.archive' : 'common.delete')}
      busy={busy}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      <p>{t(template.used > 0 ? 'templates.remove.used' : 'templates.remove.text')}</p>
    </Confirm>
  )
}

type Draft = Required<Omit<TemplateNew, 'own'>>
const EMPTY: Draft = {
  name: '',
  shortcut: '',
  uses: ['answer'],
  folder: '',
  text: '',
  texts: {},
  fileIds: [],
  teamId: null,
  copies: false,
}
const draftOf = ({ name, shortcut, uses, folder, text, texts, fileIds, teamId, copies }: Template): Draft => ({
  name,
  shortcut,
  uses,
  folder,
  text,
  texts,
  fileIds,
  teamId,
  copies,
})

function TextDialog({ template, own, onClose }: { template: Template | null; own: boolean; onClose: () => void }) {
  const { t } = useI18n()
  const begin = template === null ? EMPTY : draftOf(template)
  const [draft, setDraft] = useState(begin)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const mine = template?.own ?? own
  const editable = template?.editable ?? true
  const set = (patch: Partial<Draft>) => setDraft((before) => ({ ...before, ...patch }))
  const save = async () => {
    if (busy || !editable) return
    setBusy(true)
    refusal.clear()
    try {
      if (template === null) await api.post<Template>('/templates', { ...draft, own: mine } satisfies TemplateNew)
      else await api.patch<Template>(`/templates/${template.id}`, draft satisfies TemplatePatch)
      await freshen()
      toast(t('common.saved', { name: draft.name }))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={
        template === null
          ? t(mine ? 'templates.new.own' : 'templates.new')
          : t('templates.edit', { name: template.name })
      }
      dirty={JSON.stringify(draft) !== JSON.stringify(begin)}
      busy={busy || !editable}
      submit={t(template === null ? 'common.create' : 'common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <div className={css.two}>
        <TextField
          label={t('templates.name')}
          value={draft.name}
          maxLength={200}
          required
          autoComplete="off"
          error={refusal.field('name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextField
          label={t('templates.shortcut')}
          help={t('templates.shortcut.help')}
          value={draft.shortcut}
          maxLength={40}
          autoComplete="off"
          error={refusal.field('shortcut')}
          onChange={(event) => set({ shortcut: event.currentTarget.value.replace(/^\//, '') })}
        />
      </div>
      <Words draft={draft} refusal={refusal} onChange={set} />
      <Files files={template?.files ?? []} draft={draft} error={refusal.field('fileIds')} onChange={set} />
      {!mine && <OfficeParts draft={draft} refusal={refusal} onChange={set} />}
      <TextField
        label={t('templates.folder')}
        value={draft.folder}
        maxLength={100}
        error={refusal.field('folder')}
        onChange={(event) => set({ folder: event.currentTarget.value })}
      />
      {template !== null && template.version > 1 && <Versions id={template.id} onTake={set} />}
      <Refused
        refusal={refusal}
        shown={['name', 'shortcut', 'text', 'texts.fa', 'texts.ar', 'texts.en', 'fileIds', 'folder', 'teamId']}
      />
    </FormDialog>
  )
}

interface PartProps {
  draft: Draft
  refusal: Refusal
  onChange: (patch: Partial<Draft>) => void
}

/** The main words, and the same for contacts of another language. */
function Words({ draft, refusal, onChange }: PartProps) {
  const { t } = useI18n()
  const main = useQuery(organisationQuery).data?.locale ?? 'fa'
  const [language, setLanguage] = useState<Locale | null>(null)
  const others = LOCALES.filter((one) => one !== main)
  return (
    <>
      <div className={css.tabs} role="group" aria-label={t('templates.languages')}>
        <button type="button" aria-pressed={language === null} onClick={() => setLanguage(null)}>
          {t(`templates.language.${main}`)}
        </button>
        {others.map((one) => (
          <button key={one} type="button" aria-pressed={language === one} onClick={() => setLanguage(one)}>
            {t(`templates.language.${one}`)}
            {draft.texts[one] ? ' ✓' : ''}
          </button>
        ))}
      </div>
      {language === null ? (
        <TextEditor
          label={t('templates.text')}
          value={draft.text}
          error={refusal.field('text')}
          required
          onChange={(text) => onChange({ text })}
          data-testid="template-text"
        />
      ) : (
        <TextEditor
          key={language}
          label={t(`templates.text.${language}`)}
          help={t('templates.text.other')}
          value={draft.texts[language] ?? ''}
          error={refusal.field(`texts.${language}`)}
          onChange={(text) => onChange({ texts: { ...draft.texts, [language]: text } })}
        />
      )}
    </>
  )
}

function OfficeParts({ draft, refusal, onChange }: PartProps) {
  const { t } = useI18n()
  const teams = useQuery(teamsQuery).data?.items ?? []
  return (
    <>
      <fieldset className={css.dialog}>
        <legend>{t('templates.uses')}</legend>
        <div className={css.checks}>
          {TEMPLATE_USES.map((use) => (
            <label key={use}>
              <input
                type="checkbox"
                checked={draft.uses.includes(use)}
                onChange={(event) => {
                  const uses = TEMPLATE_USES.filter((one) =>
                    one === use ? event.currentTarget.checked : draft.uses.includes(one),
                  )
                  if (uses.length > 0) onChange({ uses })
                }}
              />
              {t(`templates.use.${use}`)}
            </label>
          ))}
        </div>
      </fieldset>
      {teams.length > 0 && (
        <SelectField
          label={t('templates.team')}
          value={draft.teamId ?? ''}
          error={refusal.field('teamId')}
          options={[
            { value: '', label: t('templates.team.all') },
            ...teams.map((team: Team) => ({ value: team.id, label: team.name })),
          ]}
          onChange={(event) =>
            onChange({ teamId: event.currentTarget.value === '' ? null : event.currentTarget.value })
          }
        />
      )}
      {(draft.uses.includes('automation') || draft.uses.includes('campaign') || draft.copies) && (
        <Switch
          label={t('templates.copies')}
          help={t('templates.copies.help')}
          checked={draft.copies}
          onChange={(copies) => onChange({ copies })}
        />
      )}
    </>
  )
}

const MOST_FILES = 10
function Files({
  files,
  draft,
  error,
  onChange,
}: {
  files: readonly FileInfo[]
  draft: Draft
  error: string | undefined
  onChange: (patch: Partial<Draft>) => void
}) {
  const { t } = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const [fresh, setFresh] = useState<readonly FileInfo[]>([])
  const [busy, setBusy] = useState(false)
  const known = new Map([...files, ...fresh].map((file) => [file.id, file]))
  const add = async (chosen: File) => {
    setBusy(true)
    try {
      const info = await uploadFile(chosen, () => undefined)
      setFresh((before) => [...before, info])
      onChange({ fileIds: [...draft.fileIds, info.id] })
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown
      toastProblem(thrown)
    }
    setBusy(false)
  }
  return (
    <div className={css.under}>
      {draft.fileIds.map((id) => (
        <span key={id} className={css.chip}>
          <a href={fileUrl(id)} target="_blank" rel="noopener noreferrer">
            <Bidi>{known.get(id)?.name ?? t('templates.file')}</Bidi>
          </a>
          <IconButton
            small
            label={t('common.remove')}
            onClick={() => onChange({ fileIds: draft.fileIds.filter((one) => one !== id) })}
          >
            <IconX size={13} />
          </IconButton>
        </span>
      ))}
      <Button
        small
        icon={<IconPaperclip size={15} />}
        busy={busy}
        disabled={draft.fileIds.length >= MOST_FILES}
        onClick={() => input.current?.click()}
      >
        {t('templates.file.add')}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0]
          event.currentTarget.value = ''
          if (chosen !== undefined) void add(chosen)
        }}
      />
      {error !== undefined && <p role="alert">{error}</p>}
    </div>
  )
}

/** What it said before, to be taken up again. */
function Versions({ id, onTake }: { id: string; onTake: (patch: Partial<Draft>) => void }) {
  const { t } = useI18n()
  const [open, setOpen] = useState(false)
  const { data } = useQuery({ ...versionsQuery(id), enabled: open })
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('templates.versions')}</summary>
      <ul>
        {data?.items.map((version) => (
          <li key={version.n} className={css.row}>
            <div className={css.rowText}>
              <p className={css.said} dir="auto">
                {version.text}
              </p>
              <p className={css.meta}>
                <TimeText at={version.changedAt} />
              </p>
            </div>
            <Button small onClick={() => onTake({ text: version.text, texts: version.texts })}>
              {t('templates.versions.take')}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** How fields are written, in a small table. */
function HowSection() {
  const { t } = useI18n()
  const rows = [
    ['{contact.name}', 'templates.how.field'],
    ['{contact.firstName | …}', 'templates.how.fallback'],
    ['{deal.amount : money}', 'templates.how.format'],
    ['{contact.birthDate : long | …}', 'templates.how.both'],
    ['{{ }}', 'templates.how.braces'],
  ] as const
  return (
    <Section title={t('templates.how')} about={t('templates.how.about')}>
      <table className={css.language}>
        <thead>
          <tr>
            <th scope="col">{t('templates.how.written')}</th>
            <th scope="col">{t('templates.how.becomes')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([written, key]) => (
            <tr key={key}>
              <td>
                <code dir="ltr">{written}</code>
              </td>
              <td>{t(key)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}

function CopiesSection() {
  const { t } = useI18n()
  const { data } = useQuery(copyNumbersQuery)
  const [typed, setTyped] = useState<readonly string[] | null>(null)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const shown = [0, 1, 2].map((n) => (typed ?? data?.numbers ?? [])[n] ?? '')
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      const saved = await api.put<{ numbers: string[] }>('/copy-numbers', { numbers: shown })
      queryClient.setQueryData(copyNumbersQuery.queryKey, saved)
      setTyped(null)
      toast(t('templates.numbers.saved'))
    } catch (error) {
      refusal.keep(error)
    }
    setBusy(false)
  }
  return (
    <Section title={t('templates.numbers')} about={t('templates.numbers.about')}>
      <div className={css.two}>
        {shown.map((number, n) => (
          <TextField
            // The place is what tells them apart.
            key={['first', 'second', 'third'][n]}
            label={t('templates.numbers.one', { n: n + 1 })}
            type="tel"
            dir="ltr"
            value={number}
            maxLength={40}
            error={refusal.field(`numbers.${n}`)}
            onChange={(event) => setTyped(shown.with(n, event.currentTarget.value))}
          />
        ))}
      </div>
      {typed !== null && (
        <div className={frame.buttons}>
          <Button look="primary" busy={busy} onClick={() => void save()}>
            {t('common.save')}
          </Button>
        </div>
      )}
    </Section>
  )
}
