import { Fragment } from 'react'
import { useT } from '../i18n.ts'
import { keyNames, useKeyGroups } from '../keys.ts'
import { Dialog } from './dialog.tsx'
import css from './keys-overlay.module.css'

export default function KeysOverlay({ onClose }: { onClose: () => void }) {
  const t = useT()
  const groups = useKeyGroups()
  const titles = [...new Set(groups.map((group) => group.title))]
  return (
    <Dialog title={t('frame.keys.overlay')} onClose={onClose} look="wide">
      <div className={css.groups}>
        {titles.map((title) => {
          const shown = groups
            .filter((group) => group.title === title)
            .flatMap((group) => group.bindings.filter((one) => one.label !== undefined))
          const labels = [...new Set(shown.map((one) => one.label))]
          if (labels.length === 0) return null
          return (
            <section key={title}>
              <h3>{title}</h3>
              <dl className={css.list}>
                {labels.map((label) => (
                  <Fragment key={label}>
                    <dt>{label}</dt>
                    <dd dir="ltr">
                      {shown
                        .filter((one) => one.label === label)
                        .map((one) => (
                          <span key={one.keys} className={css.keys}>
                            {keyNames(one.keys).map((name) => (
                              <kbd key={name}>{name}</kbd>
                            ))}
                          </span>
                        ))}
                    </dd>
                  </Fragment>
                ))}
              </dl>
            </section>
          )
        })}
      </div>
    </Dialog>
  )
}
