import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { can, useMe } from '../../session/session.ts'
import { Bidi } from '../../ui/bits.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import { IconAlertTriangle } from './icons.ts'
import { previewQuery } from './queries.ts'
import css from './templates.module.css'

interface TextPreviewProps {
  text: string
  fields: readonly TemplateFieldInfo[]
  extra?: readonly { name: string; label: string; example?: string }[] | undefined
}

/** What the text becomes on a real record, what is missing there, how long it is, and as how many messages it goes. */
export function TextPreview({ text, fields, extra }: TextPreviewProps) {
  const { t, n, tag } = useI18n()
  const me = useMe()
  const [contact, setContact] = useState<ContactBrief | null>(null)
  const settled = useSettled(text, 350)
  const channels = useQuery(channelsQuery).data?.items ?? []
  const ask = { text: settled, ...(contact && { contactId: contact.id }), ...examples(extra) }
  const { data } = useQuery({ ...previewQuery(ask), enabled: settled.trim() !== '' })
  const labelOf = (name: string) => fields.find((field) => field.name === name)?.label ?? name
  const known = settled.trim() === '' ? undefined : data
  return (
    <section className={css.preview} aria-label={t('templates.preview')} data-testid="template-preview">
      {can(me, 'contact.view') && (
        <ContactPicker
          label={t('templates.preview.on')}
          placeholder={t('templates.preview.choose')}
          value={contact}
          onChange={setContact}
        />
      )}
      {known === undefined ? (
        <p className={css.quiet}>{t('templates.preview.empty')}</p>
      ) : (
        <>
          <p className={css.bubble} dir="auto" data-testid="preview-text">
            {known.draft}
          </p>
          {known.missing.length > 0 && (
            <p className={css.missing} role="status" data-testid="preview-missing">
              <IconAlertTriangle size={15} aria-hidden />
              {contact === null
                ? t('templates.preview.nobody')
                : t('templates.preview.missing', {
                    fields: new Intl.ListFormat(tag).format(known.missing.map(labelOf)),
                  })}
            </p>
          )}
          <ul className={css.sizes}>
            <li>{t('templates.preview.length', { count: known.length })}</li>
            {known.channels.map((one) => {
              const channel = channels.find(({ id }) => id === one.channelId)
              if (channel === undefined) return null
              return (
                <li key={one.channelId} data-over={!one.fits || undefined}>
                  <Bidi>{channel.name}</Bidi>{' '}
                  {one.fits
                    ? t('templates.preview.parts', { count: one.parts })
                    : t('templates.preview.over', { max: n(one.maxLength) })}
                </li>
              )
            })}
            {known.sms.parts > 0 && <li>{t('templates.preview.sms', { count: known.sms.parts })}</li>}
          </ul>
        </>
      )}
    </section>
  )
}

/** What the place of the text knows stands in the preview as its examples. */
function examples(extra: TextPreviewProps['extra']): { row?: Record<string, string>; event?: Record<string, unknown> } {
  const of = (namespace: string) =>
    Object.fromEntries(
      (extra ?? []).flatMap(({ name, label, example }) =>
        name.startsWith(`${namespace}.`) ? [[name.slice(namespace.length + 1), example || label]] : [],
      ),
    )
  const row = of('row')
  const event = of('event')
  return { ...(Object.keys(row).length > 0 && { row }), ...(Object.keys(event).length > 0 && { event }) }
}
