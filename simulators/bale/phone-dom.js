/** Making elements, drawing icons, writing numbers and times in the reader's way, and talking to the simulator. */
import { locales, texts } from './phone-texts.js'

export const settings = { lang: 'fa' }
export const t = () => texts[settings.lang]

/** An element with properties, listeners (`onclick`), attributes (anything with a dash, `role`, …) and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (name.includes('-') || name === 'role' || name === 'for') element.setAttribute(name, String(value))
    else element[name] = value
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return element
}

const SHAPES = {
  send: 'M4 12 20 4l-5 16-3.5-6.5zM20 4l-8.500 9.500',
  attach: 'M20 11.500 12 19.500a5 5 0 0 1-7-7l8.500-8.500a3.500 3.500 0 0 1 5 5l-8.500 8.500a2 2 0 0 1-3-3l7.500-7.500',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.500 11a6.500 6.500 0 0 0 13 0M12 17.500V21',
  image: 'M4 5h16v14H4zM4 16l4.500-4.500 4 4 3-3L20 17M15.500 9.500h.01',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  pin: 'M12 21s7-6.200 7-11.500a7 7 0 0 0-14 0C5 14.800 12 21 12 21zM12 12a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500a7.500 7.500 0 0 1 15 0',
  phone: 'M8 3h8v18H8zM11 18h2',
  play: 'M8 5v14l11-7z',
  pause: 'M8 5v14M16 5v14',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M12 6h.01M12 12h.01M12 18h.01',
  reply: 'M10 7 4 12l6 5v-3.500c5 0 8 1.500 10 4.500 0-5-3-8.500-10-8.500z',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  block: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12',
  star: 'M12 3.500l2.700 5.600 6 .8-4.400 4.200 1.100 6L12 17.200 6.600 20.100l1.100-6L3.300 9.900l6-.8z',
  check: 'M5 13l5 5L20 7',
}

export function icon(name, className = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  if (className) svg.setAttribute('class', className)
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', SHAPES[name])
  svg.append(path)
  return svg
}

export const nameOf = ({ firstName, lastName }) => [firstName, lastName].filter(Boolean).join(' ')

export function face(person) {
  if (person.photoUrl) return h('img', { className: 'face', src: person.photoUrl, alt: '' })
  return h('span', { className: 'face', 'aria-hidden': 'true' }, (person.firstName ?? person.name ?? '?').slice(0, 1))
}

const formatted = (options) => new Intl.DateTimeFormat(locales[settings.lang], options)
export const timeOf = (date) => formatted({ hour: '2-digit', minute: '2-digit' }).format(date)
export const dayOf = (date) => formatted({ weekday: 'long', day: 'numeric', month: 'long' }).format(date)
const number = (value, digits = 0) =>
  new Intl.NumberFormat(locales[settings.lang], { maximumFractionDigits: digits }).format(value)

export function sizeOf(bytes) {
  const units = t().bytes
  if (bytes < 1000) return `${number(bytes)} ${units[0]}`
  if (bytes < 1_000_000) return `${number(bytes / 1000)} ${units[1]}`
  return `${number(bytes / 1_000_000, 1)} ${units[2]}`
}

export function lengthOf(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0))
  const two = new Intl.NumberFormat(locales[settings.lang], { minimumIntegerDigits: 2 })
  return `${number(Math.floor(whole / 60))}:${two.format(whole % 60)}`
}

/** Persian and Arabic digits to Latin ones, and everything that is no digit away. */
export const digits = (text) =>
  text.replace(/[۰-۹٠-٩]/g, (digit) => String((digit.charCodeAt(0) & 0xf) % 16)).replace(/\D/g, '')

/** A mobile number as Bale keeps it: `98` and ten digits for an Iranian one, other countries as given. */
export const international = (text) =>
  digits(text)
    .replace(/^00/, '')
    .replace(/^0(?=9\d{9}$)/, '98')

/** A number for reading, left to right in any text. */
export function phoneElement(phone) {
  const plain = phone.replace(/^\+/, '')
  return h('bdi', { dir: 'ltr' }, plain.startsWith('0') ? plain : `+${plain}`)
}

export async function ask(path, body, { method, type, signal } = {}) {
  const response = await fetch(`/_sim/${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: body === undefined ? {} : { 'content-type': type ?? 'application/json' },
    body: body === undefined ? undefined : type ? body : JSON.stringify(body),
    signal,
  })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error ?? response.statusText)
  return answer
}
