import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiToken, ApiTokenMade, ApiTokenNew } from '#shared/api/session.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { Badge, Bidi, LoadFailed, Skeleton, useNow } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { IconKey, IconPlus } from './icons.ts'
import { Confirm, CopyLine, Section } from './parts.tsx'
import { tokensQuery } from './queries.ts'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { TokenScopeFields, WHOLE } from './token-scope.tsx'
import { FormDialog } from './unsaved.tsx'

/** Keys with which other programs act as oneself. */
export function TokensSection() {
  const { t } = useI18n()
  const { data, error, refetch } = useQuery(tokensQuery)
  const [making, setMaking] = useState(false)
  return (
    <Section
      title={t('settings.tokens')}
      about={t('settings.tokens.about')}
      actions={
        <Button small icon={<IconPlus size={15} />} onClick={() => setMaking(true)} data-testid="new-token">
          {t('settings.tokens.new')}
        </Button>
      }
    >
      {error !== null && data === undefined ? (
        <LoadFailed error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton height={56} />
      ) : data.items.length === 0 ? (
        <p className={frame.explain}>{t('settings.tokens.empty')}</p>
      ) : (
        <ul className={frame.rows}>
          {data.items.map((token) => (
            <TokenLine key={token.id} token={token} />
          ))}
        </ul>
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
    </Section>
  )
}

function TokenLine({ token }: { token: ApiToken }) {
  const i = useI18n()
  const { t } = i
  const now = useNow()
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const expired = token.expiresAt !== null && Date.parse(token.expiresAt) < now
  const revoke = async () => {
    setBusy(true)
    try {
      await api.delete(`/me/tokens/${token.id}`)
      await queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey })
      toast(t('settings.tokens.revoked', { name: token.name }))
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <li>
      <IconKey size={20} aria-hidden />
      <span className={frame.rowText}>
        <b>
          <Bidi>{token.name}</Bidi>
        </b>
        <span>
          {token.usedAt === null
            ? t('settings.tokens.unused')
            : t('settings.sessions.used', { time: formatDate(token.usedAt, i, 'relative') })}
          {' · '}
          {token.expiresAt === null
            ? t('settings.tokens.forever')
            : t('settings.tokens.until', { date: formatDate(token.expiresAt, i, 'long') })}
        </span>
      </span>
      {token.readOnly && <Badge>{t('people.token.readOnly')}</Badge>}
      {(token.rights !== null || token.channelIds !== null) && <Badge>{t('people.token.scoped')}</Badge>}
      {expired && <Badge tone="danger">{t('settings.tokens.expired')}</Badge>}
      <Button small onClick={() => setAsking(true)}>
        {t('settings.tokens.revoke')}
      </Button>
      {asking && (
        <Confirm
          title={t('settings.tokens.revoke.ask', { name: token.name })}
          confirm={t('settings.tokens.revoke')}
          busy={busy}
          onConfirm={() => void revoke()}
          onClose={() => setAsking(false)}
        >
          <p>{t('settings.tokens.revoke.text')}</p>
          <Refused refusal={refusal} />
        </Confirm>
      )}
    </li>
  )
}

const LIFETIMES = ['30', '90', '365', 'forever'] as const
const DAY = 86_400_000

function NewToken({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const [name, setName] = useState('')
  const [life, setLife] = useState<(typeof LIFETIMES)[number]>('90')
  const [scope, setScope] = useState(WHOLE)
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<ApiTokenMade | null>(null)
  const refusal = useRefusal()
  const make = async () => {
    setBusy(true)
    refusal.clear()
    try {
      const body: ApiTokenNew = {
        name,
        ...scope,
        expiresAt: life === 'forever' ? null : new Date(Date.now() + Number(life) * DAY).toISOString(),
      }
      setMade(await api.post<ApiTokenMade>('/me/tokens', body))
      void queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey })
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  if (made !== null) {
    return (
      <Dialog
        title={t('settings.tokens.made')}
        onClose={onClose}
        footer={
          <Button look="primary" onClick={onClose}>
            {t('settings.tokens.made.done')}
          </Button>
        }
      >
        <div className={frame.form}>
          <p>{t('settings.tokens.made.text')}</p>
          <CopyLine label={made.name} value={made.token} />
          <p className={frame.explain}>{t('settings.tokens.made.use')}</p>
          <CopyLine label={t('settings.tokens.made.header')} value={`Authorization: Bearer ${made.token}`} />
        </div>
      </Dialog>
    )
  }
  return (
    <FormDialog
      title={t('settings.tokens.new')}
      dirty={name !== ''}
      busy={busy}
      submit={t('common.create')}
      onSubmit={() => void make()}
      onClose={onClose}
    >
      <TextField
        label={t('settings.tokens.name')}
        help={t('settings.tokens.name.help')}
        value={name}
        maxLength={100}
        required
        error={refusal.field('name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <SelectField
        label={t('settings.tokens.life')}
        value={life}
        options={LIFETIMES.map((value) => ({ value, label: t(`settings.tokens.life.${value}`) }))}
        error={refusal.field('expiresAt')}
        onChange={(event) => {
          const next = LIFETIMES.find((one) => one === event.currentTarget.value)
          if (next !== undefined) setLife(next)
        }}
      />
      <TokenScopeFields scope={scope} onChange={setScope} />
      <Refused refusal={refusal} shown={['name', 'expiresAt']} />
    </FormDialog>
  )
}
