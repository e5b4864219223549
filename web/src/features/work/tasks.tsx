import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Task, TaskPatch } from '#shared/api/work.ts'
import { TASK_STATES, type TaskState } from '#shared/api/choices.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, queryClient, useMe, useUsers } from '../../session/session.ts'
import { Badge, Bidi, type Tone } from '../../ui/bits.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { Due } from './due.tsx'
import { WorkFrame } from './frame.tsx'
import { tasksQuery } from './queries.ts'
import type { WorkSearch } from './search.ts'
import { TaskDialog } from './task-dialog.tsx'
import css from './work.module.css'

const TONES: Record<TaskState, Tone> = { open: 'accent', done: 'ok', cancelled: 'neutral' }

/** Tasks. Whose, in which state and which one is open stand in the address. */
export function TasksPage() {
  const { t } = useI18n()
  const me = useMe()
  const asked = useSearch({ from: '/inside/tasks' })
  const navigate = useNavigate({ from: '/tasks' })
  const ask = (change: WorkSearch<TaskState>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const list = useInfiniteQuery(tasksQuery(asked))
  const tasks = list.data?.pages.flatMap((page) => page.items) ?? []
  const mayMake = can(me, 'task.edit')
  useKeys(
    t('work.tasks.title'),
    mayMake ? [{ keys: 'c', label: t('work.tasks.new'), run: () => ask({ make: true }) }] : [],
  )
  return (
    <>
      <WorkFrame
        noun="tasks"
        states={TASK_STATES}
        asked={asked}
        mayMake={mayMake}
        maySeeAll={can(me, 'task.view_all')}
        list={list}
        count={tasks.length}
        onAsk={ask}
      >
        {tasks.map((task) => (
          <TaskRow key={task.id} task={task} mayEdit={mayMake} onOpen={() => ask({ id: task.id })} />
        ))}
      </WorkFrame>
      {asked.make === true && mayMake && <TaskDialog onClose={() => ask({ make: undefined })} />}
      {asked.id !== undefined && <TaskDialog key={asked.id} id={asked.id} onClose={() => ask({ id: undefined })} />}
    </>
  )
}

async function changeTask(id: string, patch: TaskPatch): Promise<boolean> {
  try {
    await api.patch<Task>(`/tasks/${id}`, patch)
    return true
  } catch (error) {
    toastProblem(error)
    return false
  } finally {
    void queryClient.invalidateQueries({ queryKey: ['tasks'] })
  }
}

function TaskRow({ task, mayEdit, onOpen }: { task: Task; mayEdit: boolean; onOpen: () => void }) {
  const { t } = useI18n()
  const users = useUsers()
  const done = task.state === 'done'
  const toggle = async () => {
    const ok = await changeTask(task.id, { state: done ? 'open' : 'done' })
    if (ok && !done)
      toast(t('work.tasks.doneToast', { title: task.title }), {
        undo: () => void changeTask(task.id, { state: 'open' }),
      })
  }
  return (
    <li className={css.row} data-state={task.state}>
      <input
        type="checkbox"
        className={css.check}
        checked={done}
        disabled={!mayEdit || task.state === 'cancelled'}
        aria-label={t('work.tasks.mark', { title: task.title })}
        onChange={() => void toggle()}
      />
      <button type="button" className={css.open} onClick={onOpen}>
        <Bidi className={css.title}>{task.title}</Bidi>
      </button>
      <span className={css.facts}>
        {task.state !== 'open' && <Badge tone={TONES[task.state]}>{t(`work.state.${task.state}`)}</Badge>}
        {task.contact !== null && (
          <Link to="/contacts/$id" params={{ id: task.contact.id }} preload={false}>
            <Bidi>{task.contact.name}</Bidi>
          </Link>
        )}
        <Bidi>{users.get(task.assigneeId)?.name ?? '…'}</Bidi>
        <Due at={task.dueAt} open={task.state === 'open'} />
      </span>
    </li>
  )
}
