import { CALENDARS, DIGITS, LOCALES, THEMES, PRESENCES } from '#shared/api/choices.ts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api.ts'
import { type Locale, useT } from '../i18n.ts'
import { organisationQuery } from '../queries.ts'
import { forgetSeeingAs } from '../session/seeing-as.ts'
import { patchMe, queryClient, signedOut, useMe } from '../session/session.ts'
import { Avatar, Bidi } from './bits.tsx'
import { IconLogout } from './icons.ts'
import { Menu, MenuDivider, MenuItem, MenuLabel } from './menu.tsx'
import { toastProblem } from './toast.tsx'
import css from './user-menu.module.css'

/** Languages are named in themselves, so that one who cannot read the present one finds one's own. */
export const LANGUAGE_NAMES: Record<Locale, string> = { fa: 'فارسی', ar: 'العربية', en: 'English' }

/** The languages the organisation offers, and the reader's own. */
export function useLocales(own: Locale): Locale[] {
  const offered = useQuery(organisationQuery).data?.locales ?? LOCALES
  return LOCALES.filter((locale) => locale === own || offered.includes(locale))
}

export function PresenceMenu() {
  const t = useT()
  const me = useMe()
  const word = t(`frame.presence.${me.presence}`)
  return (
    <Menu
      label={t('frame.presence')}
      align="end"
      trigger={(props) => (
        <button type="button" className={css.presence} {...props} aria-label={`${t('frame.presence')}: ${word}`}>
          <span className={`${css.dot} ${css[me.presence]}`} aria-hidden />
          <span className={css.presenceText}>{word}</span>
        </button>
      )}
    >
      {(close) =>
        PRESENCES.map((presence) => (
          <MenuItem
            key={presence}
            checked={presence === me.presence}
            icon={<span className={`${css.dot} ${css[presence]}`} />}
            onSelect={() => {
              close()
              patchMe({ presence }).catch(toastProblem)
            }}
          >
            {t(`frame.presence.${presence}`)}
          </MenuItem>
        ))
      }
    </Menu>
  )
}

export function UserMenu() {
  const t = useT()
  const me = useMe()
  const navigate = useNavigate()
  const { preferences } = me
  const locales = useLocales(preferences.locale)
  const change = (next: Partial<typeof preferences>) => patchMe({ preferences: next }).catch(toastProblem)
  const signOut = async () => {
    // It is oneself who leaves.
    forgetSeeingAs()
    await api.delete('/session', { stay: true })
    signedOut()
    await navigate({ to: '/sign-in' })
    queryClient.clear()
  }
  return (
    <Menu
      label={t('frame.user')}
      align="end"
      trigger={(props) => (
        <button
          type="button"
          className={css.user}
          {...props}
          aria-label={`${t('frame.user')}: ${me.name}`}
          data-testid="user-menu"
        >
          <Avatar id={me.id} name={me.name} size={32} />
        </button>
      )}
    >
      {(close) => (
        <>
          <div className={css.who} role="presentation">
            <b className="ellipsis">
              <Bidi>{me.name}</Bidi>
            </b>
            <span className="ellipsis">
              <bdi dir="ltr">{me.email}</bdi>
            </span>
          </div>
          <MenuDivider />
          <MenuLabel>{t('frame.language')}</MenuLabel>
          <Choices
            values={locales}
            value={preferences.locale}
            text={(value) => LANGUAGE_NAMES[value]}
            onChoose={(locale) => void change({ locale })}
          />
          <MenuLabel>{t('frame.theme')}</MenuLabel>
          <Choices
            values={THEMES}
            value={preferences.theme}
            text={(value) => t(`frame.theme.${value}`)}
            onChoose={(theme) => void change({ theme })}
          />
          <MenuLabel>{t('frame.calendar')}</MenuLabel>
          <Choices
            values={CALENDARS}
            value={preferences.calendar}
            text={(value) => t(`frame.calendar.${value}`)}
            onChoose={(calendar) => void change({ calendar })}
          />
          <MenuLabel>{t('frame.digits')}</MenuLabel>
          <Choices
            values={DIGITS}
            value={preferences.digits}
            text={(value) => t(`frame.digits.${value}`)}
            onChoose={(digits) => void change({ digits })}
          />
          <MenuDivider />
          <MenuItem
            icon={<IconLogout size={18} className="mirror" />}
            onSelect={() => {
              close()
              signOut().catch(toastProblem)
            }}
          >
            {t('frame.signOut')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}

function Choices<T extends string>(props: {
  values: readonly T[]
  value: T
  text: (value: T) => string
  onChoose: (value: T) => void
}) {
  return (
    <div className={css.choices} role="group">
      {props.values.map((value) => (
        <button
          key={value}
          type="button"
          role="menuitemradio"
          aria-checked={value === props.value}
          tabIndex={-1}
          className={css.choice}
          onClick={() => props.onChoose(value)}
        >
          {props.text(value)}
        </button>
      ))}
    </div>
  )
}
