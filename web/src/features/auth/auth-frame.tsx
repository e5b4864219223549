import { LOCALES } from '#shared/api/choices.ts'
import { type ReactNode, useState } from 'react'
import { languageOf, setLanguage, useI18n } from '../../i18n.ts'
import { Logo } from '../../ui/logo.tsx'
import { LANGUAGE_NAMES } from '../../ui/user-menu.tsx'
import css from './auth.module.css'

/** The cover of the ledger beside the form, and the languages to choose from. */
export function AuthFrame({ title, intro, children }: { title: string; intro: ReactNode; children: ReactNode }) {
  const i = useI18n()
  const [waiting, setWaiting] = useState(false)
  return (
    <div className={css.page}>
      <aside className={css.cover} aria-hidden>
        <div className={css.spine} />
        <Logo size={64} />
        <p className={css.brand}>{i.t('common.appName')}</p>
        <p className={css.motto}>{i.t('auth.motto')}</p>
      </aside>
      <main className={css.side}>
        <div className={css.languages} role="group" aria-label={i.t('frame.language')}>
          {LOCALES.map((locale) => (
            <button
              key={locale}
              type="button"
              lang={locale}
              aria-pressed={locale === i.locale}
              disabled={waiting}
              onClick={() => {
                setWaiting(true)
                void setLanguage(languageOf(locale, i.timeZone)).finally(() => setWaiting(false))
              }}
            >
              {LANGUAGE_NAMES[locale]}
            </button>
          ))}
        </div>
        <div className={css.sheet}>
          <div className={css.small}>
            <Logo size={40} />
          </div>
          <h1>{title}</h1>
          <p className={css.intro}>{intro}</p>
          {children}
        </div>
      </main>
    </div>
  )
}
