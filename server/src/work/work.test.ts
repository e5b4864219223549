import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Task, WorkRequest } from '#shared/api/work.ts'
import { type Answer, type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { loadTemplateValues } from '../conversations/template-fields.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'

let t: TestApp
let agent: Client
let colleague: Client
let colleagueId: string
let supervisor: Client
let contact: Contact
const heard: Happening[] = []
beforeAll(async () => {
  t = await startTestApp()
  agent = t.as(t.people.agent)
  supervisor = t.as(t.people.supervisor)
  const other = await t.makeUser({ role: 'agent' })
  colleague = t.as(other)
  colleagueId = other.id
  contact = (await agent.post<Contact>('/contacts', { kind: 'person', name: 'نگار صالحی' })).body
  onHappened('work test', async (_tx, happenings) => void heard.push(...happenings))
})
afterAll(async () => {
  onHappened('work test', async () => undefined)
  await t.stop()
})

async function register(input: object = {}, as = agent): Promise<WorkRequest> {
  const answer = await as.post<WorkRequest>('/requests', { text: 'چاپگر کار نمی‌کند', ...input })
  expect(answer.status).toBe(201)
  return answer.body
}
const move = (id: string, body: object, as: Client): Promise<Answer<WorkRequest & ProblemBody>> =>
  as.post(`/requests/${id}/move`, body)
const idsOf = async (as: Client, query = ''): Promise<string[]> =>
  (await as.get<PageOf<WorkRequest>>(`/requests${query}`)).body.items.map((one) => one.id)

describe('a request', () => {
  test('gets the next tracking code, without a gap or a double among many clerks at once', async () => {
    const made = await Promise.all(Array.from({ length: 40 }, () => register()))
    const codes = made.map((one) => Number(one.code)).sort((a, b) => a - b)
    expect(codes).toEqual(codes.map((_, n) => (codes[0] ?? 0) + n))
    await agent.post('/requests', { text: '  ' })
    expect(Number((await register()).code)).toBe((codes.at(-1) ?? 0) + 1)
  })

  test('joins a job by its code, in any digits; a code typed ahead is not given again', async () => {
    const first = await register()
    const second = await register({ code: ` ${first.code.replaceAll('1', '۱')} ` })
    expect(second.code).toBe(first.code)
    expect(await idsOf(agent, `?code=${encodeURIComponent(first.code)}`)).toEqual([second.id, first.id])
    await register({ code: String(Number(first.code) + 1) })
    expect((await register()).code).toBe(String(Number(first.code) + 2))
  })

  test('goes from the one who registered it to the one who does it and back, each step by whom it belongs to', async () => {
    const { id } = await register({ assigneeId: colleagueId, contactId: contact.id, subject: 'چاپگر' })
    expect((await move(id, { to: 'done', text: 'درست شد' }, agent)).body.code).toBe('no_right')
    const done = await move(id, { to: 'done', text: 'درست شد' }, colleague)
    expect(done.body).toMatchObject({ state: 'done', answer: 'درست شد', locked: true })
    expect((await move(id, { to: 'archived' }, colleague)).body.code).toBe('no_right')
    expect((await move(id, { to: 'problem' }, agent)).body.errors?.[0]).toMatchObject({
      field: 'text',
      code: 'required',
    })
    expect((await move(id, { to: 'problem', text: 'هنوز خراب است' }, agent)).body).toMatchObject({
      state: 'problem',
      problem: 'هنوز خراب است',
      doneAt: null,
    })
    await move(id, { to: 'done', text: 'عوض شد' }, colleague)
    const archived = await move(id, { to: 'archived' }, agent)
    expect(archived.body).toMatchObject({ state: 'archived', answer: 'عوض شد' })
    expect((await move(id, { to: 'problem', text: 'نه' }, agent)).body.code).toBe('request_locked')
    const kinds = await t.app.db.query<{ kind: string }>(
      `select kind from activity_event where contact_id = $1 and kind like 'request%' order by id`,
      [contact.id],
    )
    expect(kinds.map(({ kind }) => kind)).toEqual([
      'request_registered',
      'request_done',
      'request_problem',
      'request_done',
      'request_archived',
    ])
  })

  test('is locked for the one who registered it as soon as the other has acted', async () => {
    const { id } = await register({ assigneeId: colleagueId })
    expect((await agent.patch<WorkRequest>(`/requests/${id}`, { text: 'دو چاپگر' })).body.text).toBe('دو چاپگر')
    expect((await colleague.patch<ProblemBody>(`/requests/${id}`, { text: 'هیچ' })).body.code).toBe('no_right')
    await colleague.patch(`/requests/${id}`, { answer: 'فردا می‌آیم' })
    expect((await agent.patch<ProblemBody>(`/requests/${id}`, { text: 'سه' })).body.code).toBe('request_locked')
    expect((await agent.delete<ProblemBody>(`/requests/${id}`)).body.code).toBe('request_locked')
    expect((await agent.patch<ProblemBody>(`/requests/${id}`, { answer: 'من' })).body.code).toBe('no_right')
    const other = await register()
    expect((await agent.delete(`/requests/${other.id}`)).status).toBe(200)
    expect((await agent.get(`/requests/${other.id}`)).status).toBe(404)
  })

  test('is seen by those whose it is and by those who see all, in lists, searches and by id', async () => {
    const { id } = await register({ subject: 'کاغذ یکتا' })
    const query = `?search=${encodeURIComponent('يكتا')}`
    expect(await idsOf(agent, query)).toEqual([id])
    expect(await idsOf(supervisor, query)).toEqual([id])
    expect(await idsOf(colleague, query)).toEqual([])
    expect((await colleague.get(`/requests/${id}`)).status).toBe(404)
    expect((await colleague.patch(`/requests/${id}`, { text: 'من' })).status).toBe(404)
    await agent.patch(`/requests/${id}`, { assigneeId: colleagueId })
    expect(await idsOf(colleague, '?mine=assigned')).toContain(id)
    expect(await idsOf(colleague, '?mine=registered')).not.toContain(id)
  })

  test('pages by key, each once', async () => {
    const all = await idsOf(agent, '?limit=200')
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Answer<PageOf<WorkRequest>> = await agent.get(`/requests?limit=7${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.body.items.map((one) => one.id))
      cursor = page.body.nextCursor
    }
    expect(seen).toEqual(all)
    expect((await agent.get('/requests?cursor=x')).status).toBe(422)
  })

  test('tells upward what happened and what it changed', async () => {
    heard.length = 0
    const { id, code } = await register({ contactId: contact.id, assigneeId: t.people.agent.id })
    await move(id, { to: 'done', text: 'شد' }, agent)
    expect(heard.map(({ kind }) => kind)).toEqual(['request.registered', 'request.changed'])
    expect(heard[1]).toMatchObject({
      contactId: contact.id,
      data: { requestId: id, code, state: 'done', changes: { state: { before: 'open', after: 'done' } } },
    })
  })

  test.each([
    ['no such contact', { contactId: '999999' }, 'contactId', 'not_allowed'],
    ['no such colleague', { assigneeId: '999999' }, 'assigneeId', 'not_allowed'],
    ['no such conversation', { conversationId: '999999' }, 'conversationId', 'not_allowed'],
    ['no such day', { dueOn: '2026-02-30' }, 'dueOn', 'wrong_format'],
    ['a blank text', { text: ' \n' }, 'text', 'required'],
    ['a blank code', { code: '  ' }, 'code', 'required'],
  ])('is refused with %s', async (_name, input, field, code) => {
    const answer = await agent.post<ProblemBody>('/requests', { text: 'الف', ...input })
    expect(answer.status).toBe(422)
    expect(answer.body.errors?.[0]).toMatchObject({ field, code })
  })
})

describe('a task', () => {
  test('is made, given on, done, and told on the timeline of its contact', async () => {
    heard.length = 0
    const made = await agent.post<Task>('/tasks', {
      title: ' زنگ  بزن ',
      contactId: contact.id,
      dueAt: '2026-12-01T08:30:00.000Z',
      assigneeId: colleagueId,
    })
    expect(made.body).toMatchObject({ title: 'زنگ بزن', state: 'open', dueAt: '2026-12-01T08:30:00.000Z' })
    const { id } = made.body
    const done = await colleague.patch<Task>(`/tasks/${id}`, { state: 'done' })
    expect(done.body).toMatchObject({ state: 'done', doneById: colleagueId })
    const open = await agent.patch<Task>(`/tasks/${id}`, { state: 'open', dueAt: null })
    expect(open.body).toMatchObject({ state: 'open', doneAt: null, doneById: null, dueAt: null })
    expect(heard.map(({ kind }) => kind)).toEqual(['task.created', 'task.changed', 'task.changed'])
    const kinds = await t.app.db.query<{ kind: string }>(
      `select kind from activity_event where contact_id = $1 and kind like 'task%' order by id`,
      [contact.id],
    )
    expect(kinds.map(({ kind }) => kind)).toEqual(['task_made', 'task_done'])
  })

  test('is seen by those whose it is', async () => {
    const { id } = (await agent.post<Task>('/tasks', { title: 'پرونده' })).body
    expect((await colleague.get(`/tasks/${id}`)).status).toBe(404)
    expect((await supervisor.get(`/tasks/${id}`)).status).toBe(200)
    const list = await colleague.get<PageOf<Task>>('/tasks?search=پرونده')
    expect(list.body.items).toEqual([])
    expect((await agent.delete(`/tasks/${id}`)).status).toBe(200)
    expect((await agent.get(`/tasks/${id}`)).status).toBe(404)
  })
})

test('texts have fields of requests and tasks; what is empty is missing', async () => {
  const request = await register({ subject: 'چاپگر', dueOn: '2026-12-01' })
  const task = (await agent.post<Task>('/tasks', { title: 'زنگ بزن' })).body
  const names = ['request.code', 'request.state', 'request.due', 'request.answer', 'task.title', 'task.due']
  const [both, none] = await loadTemplateValues(t.app.db, names, [
    { contactId: null, requestId: request.id, taskId: task.id },
    { contactId: null },
  ])
  expect(both?.['request.code']).toEqual({ type: 'text', text: request.code })
  expect(both?.['request.state']).toMatchObject({ words: { fa: 'باز', en: 'Open' } })
  expect(both?.['request.due']).toEqual({ type: 'date', day: '2026-12-01' })
  expect(both?.['task.title']).toEqual({ type: 'text', text: 'زنگ بزن' })
  expect([both?.['request.answer'], both?.['task.due']]).toEqual([undefined, undefined])
  expect(none?.['request.code']).toBeUndefined()
})

test('requests and tasks of an erased contact go with it', async () => {
  const admin = t.as(t.people.administrator)
  const gone = (await agent.post<Contact>('/contacts', { kind: 'lead', name: 'رفتنی' })).body
  const { id } = await register({ contactId: gone.id })
  await agent.post('/tasks', { title: 'برای رفتنی', contactId: gone.id })
  await admin.delete(`/contacts/${gone.id}`)
  expect((await agent.get<WorkRequest>(`/requests/${id}`)).body.contact).toBeNull()
  await t.app.db.query(`update contact set deleted_at = now() - interval '200 days' where id = $1`, [gone.id])
  const { eraseContacts } = await import('../crm/erasing.ts')
  expect(await eraseContacts(t.app.db)).toBe(1)
  expect((await agent.get(`/requests/${id}`)).status).toBe(404)
})
