import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { DEAL_OUTCOMES, type DealStage, type DealStagePatch } from '#shared/api/deals.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { Bidi, LoadFailed } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { NumberField } from '../../ui/money-field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { IconArrowDown, IconArrowUp, IconCircleCheck, IconCircleX, IconGripVertical } from '../deals/icons.ts'
import { stagesQuery } from '../deals/queries.ts'
import { IconPencil, IconPlus } from './icons.ts'
import { PageHead, Section } from './parts.tsx'
import settings from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import css from './stages.module.css'

type Stages = { items: DealStage[] }
const readAgain = () => queryClient.invalidateQueries({ queryKey: stagesQuery.queryKey })

/** The stages of the board: named, ordered, retired. */
export default function StagesPage() {
  const { t, n } = useI18n()
  const { data, error, refetch } = useQuery(stagesQuery)
  const [editing, setEditing] = useState<DealStage | 'new' | null>(null)
  const [said, setSaid] = useState('')
  if (data === undefined) {
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  }
  const live = data.items.filter((stage) => !stage.retired)
  const retired = data.items.filter((stage) => stage.retired)
  const place = (stage: DealStage, at: number) => {
    const others = live.filter((one) => one.id !== stage.id)
    const items = [...others.toSpliced(at, 0, stage), ...retired]
    queryClient.setQueryData<Stages>(stagesQuery.queryKey, { items })
    setSaid(t('deals.stages.said', { name: stage.name, place: n(at + 1), count: n(live.length) }))
    void patch(stage, { position: at })
  }
  return (
    <div className={settings.page} data-testid="stages-page">
      <PageHead
        title={t('frame.settings.stages')}
        about={t('deals.stages.about')}
        actions={
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setEditing('new')}>
            {t('deals.stages.new')}
          </Button>
        }
      />
      <div className="visually-hidden" role="status">
        {said}
      </div>
      <StageList stages={live} onPlace={place} onEdit={setEditing} />
      {retired.length > 0 && (
        <Section title={t('deals.stages.retired')} about={t('deals.stages.retired.about')}>
          <ul className={css.list}>
            {retired.map((stage) => (
              <li key={stage.id} className={css.stage} data-retired>
                <span className={css.name}>
                  <Bidi>{stage.name}</Bidi>
                </span>
                <Button small onClick={() => void patch(stage, { retired: false })}>
                  {t('deals.stages.restore')}
                </Button>
                <Button
                  small
                  look="quiet"
                  onClick={() => void remove(stage, t('deals.stages.done.deleted', { name: stage.name }))}
                >
                  {t('deals.stages.delete')}
                </Button>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {editing !== null && <StageDialog stage={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
    </div>
  )
}

async function patch(stage: DealStage, change: DealStagePatch): Promise<boolean> {
  try {
    await api.patch<DealStage>(`/deal-stages/${stage.id}`, change)
    return true
  } catch (error) {
    toastProblem(error)
    return false
  } finally {
    void readAgain()
  }
}

async function remove(stage: DealStage, told: string): Promise<void> {
  try {
    await api.delete(`/deal-stages/${stage.id}`)
    const { name, outcome, probability } = stage
    toast(told, {
      undo: () => void api.post('/deal-stages', { name, outcome, probability }).then(readAgain, toastProblem),
    })
  } catch (error) {
    toastProblem(error)
  } finally {
    void readAgain()
  }
}

interface ListProps {
  stages: readonly DealStage[]
  onPlace: (stage: DealStage, at: number) => void
  onEdit: (stage: DealStage) => void
}

function StageList({ stages, onPlace, onEdit }: ListProps) {
  const [over, setOver] = useState<number | null>(null)
  const drop = useEvent((id: unknown, to: unknown) => {
    setOver(null)
    const from = stages.findIndex((stage) => stage.id === id)
    const stage = stages[from]
    if (stage === undefined || typeof to !== 'number') return
    const at = to > from ? to - 1 : to
    if (at !== from) onPlace(stage, at)
  })
  useEffect(
    () =>
      monitorForElements({
        onDrag: ({ location }) => setOver((location.current.dropTargets[0]?.data['gap'] as number | undefined) ?? null),
        onDrop: ({ source, location }) => drop(source.data['stageId'], location.current.dropTargets[0]?.data['gap']),
      }),
    [drop],
  )
  return (
    <ol className={css.list}>
      {stages.map((stage, at) => (
        <StageRow
          key={stage.id}
          stage={stage}
          at={at}
          last={at === stages.length - 1}
          over={over === at ? 'before' : over === stages.length && at === stages.length - 1 ? 'after' : undefined}
          onPlace={onPlace}
          onEdit={onEdit}
        />
      ))}
    </ol>
  )
}

function StageRow({
  stage,
  at,
  last,
  over,
  onPlace,
  onEdit,
}: Omit<ListProps, 'stages'> & { stage: DealStage; at: number; last: boolean; over: 'before' | 'after' | undefined }) {
  const { t, n } = useI18n()
  const row = useRef<HTMLLIElement>(null)
  const handle = useRef<HTMLSpanElement>(null)
  const { id, name } = stage
  useEffect(() => {
    if (row.current === null || handle.current === null) return
    const element = row.current
    return combine(
      draggable({ element, dragHandle: handle.current, getInitialData: () => ({ stageId: id }) }),
      dropTargetForElements({
        element,
        getData: ({ input }) => {
          const { top, height } = element.getBoundingClientRect()
          return { gap: input.clientY > top + height / 2 ? at + 1 : at }
        },
      }),
    )
  }, [id, at])
  return (
    <li ref={row} className={css.stage} data-outcome={stage.outcome} data-over={over}>
      <span ref={handle} className={css.grip} title={t('deals.stages.drag', { name })}>
        <IconGripVertical size={17} aria-hidden />
      </span>
      <span className={css.name}>
        <Bidi>{name}</Bidi>
      </span>
      <span className={css.outcome}>
        {stage.outcome === 'won' && <IconCircleCheck size={16} aria-hidden />}
        {stage.outcome === 'lost' && <IconCircleX size={16} aria-hidden />}
        {t(`deals.outcome.${stage.outcome}`)}
      </span>
      <span className={css.chance} title={t('deals.stages.probability')}>
        {t('deals.stages.probability.of', { percent: n(stage.probability) })}
      </span>
      <span className={css.actions}>
        <IconButton
          small
          label={t('deals.stages.up', { name })}
          disabled={at === 0}
          onClick={() => onPlace(stage, at - 1)}
        >
          <IconArrowUp size={16} />
        </IconButton>
        <IconButton
          small
          label={t('deals.stages.down', { name })}
          disabled={last}
          onClick={() => onPlace(stage, at + 1)}
        >
          <IconArrowDown size={16} />
        </IconButton>
        <IconButton small label={t('deals.stages.edit', { name })} onClick={() => onEdit(stage)}>
          <IconPencil size={16} />
        </IconButton>
      </span>
    </li>
  )
}

function StageDialog({ stage, onClose }: { stage: DealStage | null; onClose: () => void }) {
  const { t } = useI18n()
  const [name, setName] = useState(stage?.name ?? '')
  const [outcome, setOutcome] = useState<DealStage['outcome']>(stage?.outcome ?? 'open')
  const [probability, setProbability] = useState<number | null>(stage?.probability ?? 50)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const ready = name.trim() !== '' && probability !== null
  const save = async () => {
    if (!ready || busy) return
    setBusy(true)
    const input = { name, outcome, probability: Math.round(probability) }
    try {
      if (stage === null) await api.post<DealStage>('/deal-stages', input)
      else await api.patch<DealStage>(`/deal-stages/${stage.id}`, input)
      void readAgain()
      onClose()
    } catch (error) {
      setBusy(false)
      if (error instanceof ApiProblem) setProblem(error)
      else throw error
    }
  }
  const retire = async () => {
    if (stage === null || !(await patch(stage, { retired: true }))) return
    toast(t('deals.stages.done.retired', { name: stage.name }), { undo: () => void patch(stage, { retired: false }) })
    onClose()
  }
  return (
    <Dialog
      title={stage === null ? t('deals.stages.new') : t('deals.stages.edit', { name: stage.name })}
      onClose={onClose}
      footer={
        <>
          {stage !== null && (
            <Button look="quiet" className={css.retire} onClick={() => void retire()}>
              {t('deals.stages.retire')}
            </Button>
          )}
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} disabled={!ready} onClick={() => void save()}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <TextField
          required
          label={t('deals.stages.name')}
          value={name}
          maxLength={100}
          error={problem?.fields['name']}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <SelectField
          label={t('deals.stages.outcome')}
          value={outcome}
          error={problem?.fields['outcome']}
          options={DEAL_OUTCOMES.map((one) => ({ value: one, label: t(`deals.outcome.${one}`) }))}
          onChange={(event) => {
            const next = DEAL_OUTCOMES.find((one) => one === event.currentTarget.value) ?? 'open'
            setOutcome(next)
            if (next !== 'open') setProbability(next === 'won' ? 100 : 0)
          }}
        />
        <NumberField
          label={t('deals.stages.probability')}
          value={probability}
          error={problem?.fields['probability']}
          onChange={setProbability}
        />
        {problem !== null && Object.keys(problem.fields).length === 0 && (
          <p className={css.problem} role="alert">
            {problem.message}
          </p>
        )}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  )
}
