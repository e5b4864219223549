import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { EXCLUSION_CAUSES, type Exclusion } from '#shared/api/campaigns.ts'
import type { ContactBrief } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { i18n, useI18n } from '../../i18n.ts'
import { can, queryClient, useMe, useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi, PhoneText, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { Select, SelectField, TextField } from '../../ui/field.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { useRefusal } from '../../ui/use-refusal.ts'
import { useChannels } from '../inbox/channel-icon.tsx'
import { useList } from '../lists/use-list.ts'
import { Confirm, Segmented } from '../settings/parts.tsx'
import { FormDialog } from '../settings/unsaved.tsx'
import css from './campaigns.module.css'
import { FileDialog } from './file-dialog.tsx'
import { FillState } from './fill.tsx'
import { IconFileUpload, IconListDetails, IconPlus, IconTrash } from './icons.ts'
import { Places } from './places.tsx'
import { exclusionFillQuery } from './queries.ts'
import { NumbersDialog } from './recipient-lists.tsx'
import { Rows } from './rows.tsx'

type Cause = (typeof EXCLUSION_CAUSES)[number]
const freshen = () => queryClient.invalidateQueries({ queryKey: ['exclusions'] })

/** /campaigns/exclusions: who gets nothing that is sent to many, since when and why. */
export function ExclusionsPage() {
  const { t } = useI18n()
  const me = useMe()
  const [search, setSearch] = useState('')
  const [cause, setCause] = useState<Cause | null>(null)
  const [asking, setAsking] = useState<'one' | 'file' | 'numbers' | null>(null)
  const [removing, setRemoving] = useState<Exclusion | null>(null)
  const narrow = useMedia('(width < 720px)')
  const list = useList<Exclusion>('exclusions', '/exclusions', { search, cause })
  const fill = useQuery(exclusionFillQuery).data ?? null
  const manage = can(me, 'campaign.manage')
  return (
    <section className={css.page} aria-label={t('campaigns.exclusions.title')} data-testid="exclusions-page">
      <header className={css.head}>
        <div>
          <h1>{t('campaigns.exclusions.title')}</h1>
          <p>{t('campaigns.exclusions.text')}</p>
        </div>
        {manage && (
          <div className={css.actions}>
            <Menu
              label={t('campaigns.exclusions.many')}
              align="end"
              trigger={(props) => (
                <Button {...props} icon={<IconFileUpload size={17} />} data-testid="exclude-many">
                  {t('campaigns.exclusions.many')}
                </Button>
              )}
            >
              {(close) =>
                (['file', 'numbers'] as const).map((one) => (
                  <MenuItem
                    key={one}
                    icon={one === 'file' ? <IconFileUpload size={16} /> : <IconListDetails size={16} />}
                    onSelect={() => {
                      close()
                      setAsking(one)
                    }}
                  >
                    {t(`campaigns.exclusions.${one}`)}
                  </MenuItem>
                ))
              }
            </Menu>
            <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setAsking('one')} data-testid="exclude">
              {t('campaigns.exclusions.add')}
            </Button>
          </div>
        )}
      </header>
      <Places />
      {fill !== null && <FillState fill={fill} problems="/exclusions/problems" />}
      <div className={css.filters}>
        <search className={css.search}>
          <SearchInput
            label={t('campaigns.exclusions.search')}
            hint={t('campaigns.exclusions.search')}
            keys={t('campaigns.exclusions.title')}
            search={search}
            onSearch={setSearch}
          />
        </search>
        <Select
          aria-label={t('campaigns.exclusions.cause')}
          value={cause ?? ''}
          onChange={(event) => setCause(EXCLUSION_CAUSES.find((one) => one === event.currentTarget.value) ?? null)}
        >
          <option value="">{t('campaigns.exclusions.cause.all')}</option>
          {EXCLUSION_CAUSES.map((one) => (
            <option key={one} value={one}>
              {t(`campaigns.cause.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      <Rows
        list={list}
        label={t('campaigns.exclusions.title')}
        empty={t(search === '' && cause === null ? 'campaigns.exclusions.empty' : 'campaigns.recipients.none')}
        height={narrow ? 64 : 44}
        testId="exclusions"
        row={(exclusion) => (
          <ExclusionRow exclusion={exclusion} onRemove={manage ? () => setRemoving(exclusion) : undefined} />
        )}
      />
      {asking === 'one' && <AddDialog onClose={() => setAsking(null)} />}
      {asking === 'numbers' && (
        <NumbersDialog
          title={t('campaigns.exclusions.numbers')}
          onClose={() => setAsking(null)}
          onAdd={async (numbers) => {
            await api.post('/exclusions/fill', { from: { numbers } })
            void freshen()
          }}
        />
      )}
      {asking === 'file' && (
        <FileDialog
          title={t('campaigns.exclusions.file')}
          fields={false}
          submit={t('campaigns.exclusions.add')}
          onClose={() => setAsking(null)}
          onFill={async (file) => {
            await api.post('/exclusions/fill', { from: { file } })
            void freshen()
            setAsking(null)
          }}
        />
      )}
      {removing !== null && (
        <Confirm
          title={t('campaigns.exclusions.remove.title')}
          confirm={t('campaigns.exclusions.remove')}
          onClose={() => setRemoving(null)}
          onConfirm={() => {
            setRemoving(null)
            void takeOff(removing.id)
          }}
        >
          <p>
            {t(
              removing.cause === 'keyword' || removing.cause === 'link'
                ? 'campaigns.exclusions.remove.own'
                : 'campaigns.exclusions.remove.text',
            )}
          </p>
        </Confirm>
      )}
    </section>
  )
}

async function takeOff(id: string): Promise<void> {
  try {
    await api.delete(`/exclusions/${id}`)
    void freshen()
    toast(i18n().t('campaigns.exclusions.removed'))
  } catch (error) {
    toastProblem(error)
  }
}

function ExclusionRow({ exclusion, onRemove }: { exclusion: Exclusion; onRemove: (() => void) | undefined }) {
  const { t } = useI18n()
  const { contact, kind, value, channelId, cause, reason, createdBy, createdAt } = exclusion
  const channel = useChannels().get(channelId ?? '')
  const by = useUsers().get(createdBy ?? '')
  return (
    <>
      <span className={css.who}>
        {contact !== null ? (
          <>
            <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={26} />
            <Link to="/contacts/$id" params={{ id: contact.id }} className="ellipsis">
              <Bidi>{contact.name}</Bidi>
            </Link>
          </>
        ) : value !== null ? (
          kind === 'phone' ? (
            <PhoneText value={value} />
          ) : (
            <Bidi>{value}</Bidi>
          )
        ) : (
          <span className={css.quiet}>{t('campaigns.recipients.erased')}</span>
        )}
      </span>
      <span className={css.address}>
        {contact !== null && value !== null && (kind === 'phone' ? <PhoneText value={value} /> : <Bidi>{value}</Bidi>)}
        {channel !== undefined && <Bidi className={css.quiet}>{channel.name}</Bidi>}
      </span>
      <span className={css.words} title={reason}>
        {reason !== '' && (
          <>
            <Bidi>{reason}</Bidi>
            {' · '}
          </>
        )}
        {by !== undefined && (
          <>
            <Bidi>{by.name}</Bidi>
            {' · '}
          </>
        )}
        <TimeText at={createdAt} />
      </span>
      <span className={css.outcome}>
        <Badge tone={cause === 'keyword' || cause === 'link' ? 'note' : 'neutral'}>
          {t(`campaigns.cause.${cause}`)}
        </Badge>
        {onRemove !== undefined && (
          <IconButton small className={css.above} label={t('campaigns.exclusions.remove')} onClick={onRemove}>
            <IconTrash size={15} />
          </IconButton>
        )}
      </span>
    </>
  )
}

/** Somebody we have, or a number. */
function AddDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const [what, setWhat] = useState<'contact' | 'phone' | 'email'>('contact')
  const [contact, setContact] = useState<ContactBrief | null>(null)
  const [value, setValue] = useState('')
  const [reason, setReason] = useState('')
  const [channelId, setChannelId] = useState('')
  const [busy, setBusy] = useState(false)
  const channels = [...useChannels().values()]
  const refusal = useRefusal()
  const add = async () => {
    if (busy || (what === 'contact' ? contact === null : value.trim() === '')) return
    setBusy(true)
    try {
      await api.post<Exclusion>('/exclusions', {
        ...(what === 'contact' ? { contactId: contact?.id } : { kind: what, value: value.trim() }),
        ...(channelId !== '' && { channelId }),
        ...(reason.trim() !== '' && { reason: reason.trim() }),
      })
      void freshen()
      toast(t('campaigns.exclusions.added'))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const wrong = refusal.field('value') ?? refusal.field('contactId') ?? refusal.problem?.message
  return (
    <FormDialog
      title={t('campaigns.exclusions.add')}
      dirty={contact !== null || value !== '' || reason !== ''}
      busy={busy}
      submit={t('campaigns.exclusions.add')}
      onSubmit={() => void add()}
      onClose={onClose}
    >
      <Segmented
        label={t('campaigns.exclusions.who')}
        value={what}
        options={(['contact', 'phone', 'email'] as const).map((one) => ({
          value: one,
          label: t(`campaigns.exclusions.by.${one}`),
        }))}
        onChange={setWhat}
      />
      {what === 'contact' ? (
        <ContactPicker
          label={t('campaigns.exclusions.by.contact')}
          value={contact}
          onChange={setContact}
          error={wrong}
          required
        />
      ) : (
        <TextField
          label={t(`campaigns.exclusions.by.${what}`)}
          value={value}
          dir="ltr"
          inputMode={what === 'phone' ? 'tel' : 'email'}
          maxLength={254}
          required
          error={wrong}
          autoComplete="off"
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      <SelectField
        label={t('campaigns.exclusions.channel')}
        value={channelId}
        options={[
          { value: '', label: t('campaigns.exclusions.channel.all') },
          ...channels.map((channel) => ({ value: channel.id, label: channel.name })),
        ]}
        onChange={(event) => setChannelId(event.currentTarget.value)}
      />
      <TextField
        label={t('campaigns.exclusions.reason')}
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
