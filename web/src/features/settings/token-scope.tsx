import { useQuery } from '@tanstack/react-query'
import type { ApiTokenNew } from '#shared/api/session.ts'
import { type Right, RIGHTS } from '#shared/rights.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { can, useMe } from '../../session/session.ts'
import { Switch } from '../../ui/field.tsx'
import css from './users.module.css'

type TokenScope = Pick<Required<ApiTokenNew>, 'readOnly' | 'rights' | 'channelIds'>
export const WHOLE: TokenScope = { readOnly: false, rights: null, channelIds: null }

/** What a token may do at most: less than oneself, never more. */
export function TokenScopeFields({ scope, onChange }: { scope: TokenScope; onChange: (scope: TokenScope) => void }) {
  const { t } = useI18n()
  const me = useMe()
  const channels = useQuery(channelsQuery).data?.items.filter((one) => me.channels.view.includes(one.id)) ?? []
  return (
    <>
      <Switch
        label={t('people.token.readOnly')}
        help={t('people.token.readOnly.help')}
        checked={scope.readOnly}
        onChange={(readOnly) => onChange({ ...scope, readOnly })}
      />
      <Some
        label={t('people.token.rights')}
        all={t('people.token.rights.all')}
        choices={RIGHTS.filter((right) => can(me, right)).map((right) => ({
          id: right,
          name: t(`settings.right.${right}`),
        }))}
        chosen={scope.rights}
        onChange={(rights: Right[] | null) => onChange({ ...scope, rights })}
      />
      {channels.length > 0 && (
        <Some
          label={t('people.token.channels')}
          all={t('people.token.channels.all')}
          choices={channels.map(({ id, name }) => ({ id, name }))}
          chosen={scope.channelIds}
          onChange={(channelIds: string[] | null) => onChange({ ...scope, channelIds })}
        />
      )}
    </>
  )
}

interface SomeProps<T extends string> {
  label: string
  all: string
  choices: readonly { id: T; name: string }[]
  chosen: readonly T[] | null
  onChange: (chosen: T[] | null) => void
}

/** All of them, also later ones, or only those ticked. */
function Some<T extends string>({ label, all, choices, chosen, onChange }: SomeProps<T>) {
  return (
    <fieldset className={css.some}>
      <legend>{label}</legend>
      <label>
        <input
          type="checkbox"
          checked={chosen === null}
          onChange={(event) => onChange(event.currentTarget.checked ? null : choices.map(({ id }) => id))}
        />
        <span>{all}</span>
      </label>
      {chosen !== null && (
        <div className={css.someList}>
          {choices.map(({ id, name }) => (
            <label key={id}>
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                onChange={(event) =>
                  onChange(event.currentTarget.checked ? [...chosen, id] : chosen.filter((one) => one !== id))
                }
              />
              <span dir="auto">{name}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  )
}
