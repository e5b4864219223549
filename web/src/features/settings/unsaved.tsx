import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import css from './settings.module.css'
import { Confirm } from './parts.tsx'

/** Keeps one from leaving a page whose changes are not saved without being asked. */
export function UnsavedGuard({ dirty }: { dirty: boolean }) {
  const { t } = useI18n()
  const blocker = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: dirty, withResolver: true })
  if (blocker.status !== 'blocked') return null
  return (
    <Confirm
      title={t('settings.unsaved.title')}
      confirm={t('settings.unsaved.leave')}
      onConfirm={blocker.proceed}
      onClose={blocker.reset}
    >
      <p>{t('settings.unsaved.text')}</p>
    </Confirm>
  )
}

/** Appears with the first change and stays in sight: what to do with what was changed. */
export function SaveBar({
  dirty,
  busy,
  onSave,
  onDiscard,
}: {
  dirty: boolean
  busy: boolean
  onSave: () => void
  onDiscard: () => void
}) {
  const { t } = useI18n()
  return (
    <>
      <UnsavedGuard dirty={dirty && !busy} />
      {dirty && (
        <div className={css.saveBar} role="region" aria-label={t('settings.unsaved.title')}>
          <span>{t('settings.unsaved.bar')}</span>
          <Button disabled={busy} onClick={onDiscard}>
            {t('settings.unsaved.discard')}
          </Button>
          <Button look="primary" busy={busy} onClick={onSave} data-testid="save">
            {t('common.save')}
          </Button>
        </div>
      )}
    </>
  )
}

/** A dialog with a form: closing it with changes asks first, in its own foot. */
export function FormDialog({
  title,
  dirty,
  busy,
  submit,
  onSubmit,
  onClose,
  children,
}: {
  title: string
  dirty: boolean
  busy: boolean
  submit: string
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}) {
  const { t } = useI18n()
  const [asking, setAsking] = useState(false)
  const close = () => (dirty && !asking ? setAsking(true) : onClose())
  return (
    <Dialog
      title={title}
      onClose={close}
      footer={
        asking ? (
          <>
            <span className={css.asking} role="alert">
              {t('settings.unsaved.bar')}
            </span>
            <Button autoFocus onClick={() => setAsking(false)}>
              {t('settings.unsaved.stay')}
            </Button>
            <Button look="danger" onClick={onClose}>
              {t('settings.unsaved.discard')}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={close}>{t('common.cancel')}</Button>
            <Button look="primary" busy={busy} onClick={onSubmit} data-testid="submit">
              {submit}
            </Button>
          </>
        )
      }
    >
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {children}
        {/* Enter in a field submits, though the button stands in the foot. */}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  )
}
