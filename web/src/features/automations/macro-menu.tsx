import { useQuery } from '@tanstack/react-query'
import { use, useState } from 'react'
import type { AutomationRunDetail, Macro, MacroOn, MacroPreview } from '#shared/api/automations.ts'
import { api } from '../../api.ts'
import { useCommands } from '../../commands.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { Bidi, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import css from './automations.module.css'
import { IconBolt } from './icons.ts'
import { reasonText, StepView } from './parts.tsx'
import { macrosQuery } from './queries.ts'

let texts: Promise<void> | undefined

/** The office's macros on a button: what one would do is shown before it is done. Nothing where there are none. */
export default function MacroMenu({ on }: { on: MacroOn }) {
  texts ??= loadTexts('automations')
  use(texts)
  const { t } = useI18n()
  const macros = useQuery(macrosQuery).data?.items ?? []
  const [chosen, setChosen] = useState<Macro | null>(null)
  useCommands(
    macros.map((macro) => ({
      id: `macro.${macro.id}`,
      title: `${t('automations.macro')}: ${macro.name}`,
      icon: IconBolt,
      run: () => setChosen(macro),
    })),
  )
  if (macros.length === 0) return null
  return (
    <>
      <Menu
        label={t('automations.macros')}
        trigger={(props) => (
          <IconButton {...props} label={t('automations.macros')} data-testid="macros">
            <IconBolt size={19} />
          </IconButton>
        )}
      >
        {(close) =>
          macros.map((macro) => (
            <MenuItem
              key={macro.id}
              onSelect={() => {
                close()
                setChosen(macro)
              }}
            >
              <Bidi>{macro.name}</Bidi>
            </MenuItem>
          ))
        }
      </Menu>
      {chosen !== null && <MacroDialog macro={chosen} on={on} onClose={() => setChosen(null)} />}
    </>
  )
}

function MacroDialog({ macro, on, onClose }: { macro: Macro; on: MacroOn; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const [busy, setBusy] = useState(false)
  const preview = useQuery({
    queryKey: ['macros', 'preview', macro.id, on],
    queryFn: ({ signal }) => api.post<MacroPreview>(`/macros/${macro.id}/preview`, on, { signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })
  const run = () => {
    setBusy(true)
    api
      .post<AutomationRunDetail>(`/macros/${macro.id}/run`, on)
      .then(({ reason }) => {
        toast(reason === null ? t('automations.macro.done', { name: macro.name }) : reasonText(i, reason))
        onClose()
      })
      .catch(toastProblem)
      .finally(() => setBusy(false))
  }
  return (
    <Dialog
      title={macro.name}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} disabled={!preview.isSuccess} onClick={run} data-testid="run-macro">
          {t('automations.macro.run')}
        </Button>
      }
    >
      <p className={css.note}>{t('automations.macro.preview')}</p>
      {preview.isPending ? (
        <Skeleton height={80} />
      ) : (
        <ol className={css.steps}>
          {preview.data?.actions.map((one, at) => (
            <StepView key={at} {...one} trying />
          ))}
        </ol>
      )}
    </Dialog>
  )
}
