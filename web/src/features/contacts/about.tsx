import { useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { RichText } from '../inbox/message-body.tsx'
import { patchContact } from './contact-actions.ts'
import css from './contact.module.css'
import { IconPencil } from './icons.ts'

/** What colleagues should know of the contact. */
export function About({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const [draft, setDraft] = useState<string | null>(null)
  const save = async () => {
    if (draft === null) return
    if (
      draft.trim() === contact.about ||
      (await patchContact(contact, { about: draft.trim() }, t('contacts.done.about')))
    )
      setDraft(null)
  }
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.about')}</h2>
        {mayEdit && draft === null && (
          <IconButton small label={t('contacts.about.edit')} onClick={() => setDraft(contact.about)}>
            <IconPencil size={15} />
          </IconButton>
        )}
      </header>
      {draft === null ? (
        contact.about === '' ? (
          <p className={css.none}>{t('contacts.about.empty')}</p>
        ) : (
          <RichText text={contact.about} />
        )
      ) : (
        <>
          <textarea
            autoFocus
            className={css.aboutInput}
            dir="auto"
            rows={5}
            value={draft}
            maxLength={5000}
            aria-label={t('contacts.about')}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void save()
              else if (event.key === 'Escape' && draft === contact.about) {
                event.stopPropagation()
                setDraft(null)
              }
            }}
          />
          <div className={css.buttons}>
            <Button small look="primary" onClick={() => void save()}>
              {t('common.save')}
            </Button>
            <Button small look="quiet" onClick={() => setDraft(null)}>
              {t('common.cancel')}
            </Button>
          </div>
        </>
      )}
    </section>
  )
}
