/** What the page knows, and the two ways to tell the simulator something: an action and a file. */
import { ask, h, icon, t } from './phone-dom.js'

export const phone = document.getElementById('phone')
export const address = new URLSearchParams(location.search)
export const state = {
  bots: [],
  people: [],
  network: 'good',
  person: undefined,
  bot: undefined,
  chat: undefined,
  about: undefined,
}

export function remember(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(`daftar-phone-${name}`)
    localStorage.setItem(`daftar-phone-${name}`, value)
  } catch {
    // Private windows keep nothing.
  }
  return null
}

export function toast(text) {
  const note = h('div', { className: 'toast', role: 'status', dir: 'auto' }, text)
  phone.append(note)
  setTimeout(() => note.remove(), 3200)
}

export async function act(action, fields = {}) {
  try {
    return await ask(`people/${state.person.id}/act`, { action, bot: state.bot.id, ...fields })
  } catch {
    toast(t().failed)
    return undefined
  }
}

export const iconButton = (name, label, onclick, className = 'icon') =>
  h(
    'button',
    { type: 'button', className, 'aria-label': label, title: label, onclick },
    icon(name, name === 'send' ? 'mirror' : ''),
  )
