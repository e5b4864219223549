import type { Locale } from '#shared/i18n.ts'
import { COLLEAGUES, type ColleagueKey, emailOf, PASSWORD } from './people.ts'
import type { Sample } from './samples.ts'

/** The program as its colleagues use it: over HTTP, signed in. */
export interface Desk {
  userId: string
  post<Body>(path: string, body?: object): Promise<Body>
  patch<Body>(path: string, body: object): Promise<Body>
  put<Body>(path: string, body: object): Promise<Body>
  get<Body>(path: string): Promise<Body>
  /** Resolves to the file's id. */
  upload(file: Sample): Promise<string>
  signOut(): Promise<void>
}

export function openOffice(url: string): {
  /** Makes the first administrator. */
  setUp(organisation: string): Promise<Desk>
  signIn(key: ColleagueKey): Promise<Desk>
} {
  const api = `${url}/api/v1`

  async function send(method: string, path: string, cookie: string, body?: object | FormData): Promise<Response> {
    const isForm = body instanceof FormData
    const response = await fetch(api + path, {
      method,
      headers: { cookie, 'accept-language': 'fa', ...(body && !isForm && { 'content-type': 'application/json' }) },
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    })
    if (response.ok) return response
    throw new Error(`the demo could not be filled: ${method} ${path} → ${response.status} ${await response.text()}`)
  }

  async function enter(path: string, body: object): Promise<Desk> {
    const answer = await send('POST', path, '', body)
    const { id } = (await answer.json()) as { id: string }
    const cookie = answer.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const call = async <Body>(method: string, to: string, content?: object | FormData): Promise<Body> =>
      (await send(method, to, cookie, content)).json() as Promise<Body>
    return {
      userId: id,
      post: (to, content = {}) => call('POST', to, content),
      patch: (to, content) => call('PATCH', to, content),
      put: (to, content) => call('PUT', to, content),
      get: (to) => call('GET', to),
      async upload({ name, mimeType, data }) {
        const form = new FormData()
        form.set('file', new Blob([new Uint8Array(data)], { type: mimeType }), name)
        return (await call<{ id: string }>('POST', '/files', form)).id
      },
      signOut: async () => void (await send('DELETE', '/session', cookie)),
    }
  }

  return {
    setUp(organisation) {
      const key = 'narges'
      const name = COLLEAGUES.find((one) => one.key === key)?.name ?? key
      const locale: Locale = 'fa'
      return enter('/setup', { organisation, name, email: emailOf(key), password: PASSWORD, locale })
    },
    signIn: (key) => enter('/session', { email: emailOf(key), password: PASSWORD }),
  }
}
