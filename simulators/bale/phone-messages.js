/** One message on the phone: bubble, media, buttons. */
import { dayOf, face, h, icon, lengthOf, phoneElement, sizeOf, t, timeOf } from './phone-dom.js'

const MARKS = /\*([^*\n]+)\*|_([^_\n]+)_|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>"]+)/g

/** Bale always reads this small Markdown in a bot's text; there is no switch. */
function marked(text) {
  const parts = []
  let at = 0
  for (const found of text.matchAll(MARKS)) {
    const [whole, bold, italic, label, address, plain] = found
    parts.push(text.slice(at, found.index))
    if (bold) parts.push(h('b', {}, bold))
    else if (italic) parts.push(h('i', {}, italic))
    else parts.push(h('a', { href: address ?? plain, target: '_blank', rel: 'noreferrer' }, label ?? plain))
    at = found.index + whole.length
  }
  return [...parts, text.slice(at)]
}

const said = (text, mine) => h('p', { className: 'said', dir: 'auto' }, mine ? text : marked(text))

function voice(file) {
  const audio = new Audio(file.url)
  audio.preload = 'metadata'
  const clock = h('time', {}, lengthOf(file.duration))
  const bar = h('input', { type: 'range', min: 0, max: 100, value: 0, dir: 'ltr', 'aria-label': t().play })
  const button = h('button', { className: 'disc', type: 'button', 'aria-label': t().play }, icon('play'))
  const total = () => (Number.isFinite(audio.duration) ? audio.duration : file.duration || 0)
  const show = () => {
    button.replaceChildren(icon(audio.paused ? 'play' : 'pause'))
    button.setAttribute('aria-label', audio.paused ? t().play : t().pause)
    bar.value = total() ? (audio.currentTime / total()) * 100 : 0
    clock.textContent = lengthOf(audio.currentTime || total())
  }
  for (const event of ['play', 'pause', 'timeupdate', 'ended', 'loadedmetadata']) audio.addEventListener(event, show)
  button.addEventListener('click', () => (audio.paused ? audio.play().catch(show) : audio.pause()))
  bar.addEventListener('input', () => {
    if (total()) audio.currentTime = (bar.value / 100) * total()
  })
  return h('div', { className: 'voice' }, button, bar, clock)
}

function documentCard(file) {
  return h(
    'a',
    { className: 'card', href: file.url, download: file.name ?? '', 'aria-label': t().download },
    h('span', { className: 'disc' }, icon('file')),
    h('span', {}, h('bdi', {}, file.name ?? t().file), h('small', {}, sizeOf(file.size))),
  )
}

function media({ kind, file, contact, location, text }) {
  if (file && kind === 'photo') return h('img', { className: 'photo', src: file.url, alt: '', loading: 'lazy' })
  if (file && (kind === 'video' || kind === 'animation')) {
    return h('video', { className: 'photo', src: file.url, controls: true, preload: 'metadata' })
  }
  if (file && (kind === 'voice' || kind === 'audio')) return voice(file)
  if (file) return documentCard(file)
  if (contact) {
    const name = [contact.first_name, contact.last_name].filter(Boolean).join(' ')
    return h(
      'div',
      { className: 'card' },
      face({ firstName: contact.first_name }),
      h('span', {}, h('b', {}, name), h('small', {}, phoneElement(contact.phone_number))),
    )
  }
  if (location) {
    const place = `${location.latitude},${location.longitude}`
    const caption = h('bdi', { dir: 'ltr' }, `${location.latitude.toFixed(4)}, ${location.longitude.toFixed(4)}`)
    return [
      h('a', { className: 'map', href: `geo:${place}`, 'aria-label': t().openMap }, icon('pin')),
      h('small', {}, caption),
    ]
  }
  return text === undefined ? h('i', {}, t().unknownMessage) : undefined
}

export function summaryOf(message) {
  if (message.text ?? message.caption) return message.text ?? message.caption
  if (message.contact) return t().contactCard
  if (message.location) return t().location
  if (message.kind === 'voice' || message.kind === 'audio') return t().audio
  if (message.kind === 'photo' || message.kind === 'video') return t().photoOrVideo
  return message.file?.name ?? t().file
}

function buttons(message, press) {
  if (message.buttons.length === 0) return undefined
  const key = (button) =>
    h(
      'button',
      { type: 'button', className: button.spinning ? 'spinning' : '', onclick: () => press(button) },
      h('bdi', {}, button.text),
    )
  return h('div', { className: 'keys' }, ...message.buttons.map((row) => h('div', {}, ...row.map(key))))
}

/** The element of one message. `on` has `press(button)` and `more(message)`; `all` finds the message answered to. */
export function messageElement(message, all, on) {
  const quoted = all.find(({ messageId }) => messageId === message.replyTo)
  const date = new Date(message.date * 1000)
  const text = message.text ?? message.caption
  return h(
    'article',
    { className: message.mine ? 'message mine' : 'message' },
    h(
      'div',
      { className: 'bubble' },
      message.forwardedFrom &&
        h('div', { className: 'from' }, `${t().forwarded} `, h('bdi', {}, message.forwardedFrom)),
      quoted && h('div', { className: 'quote', dir: 'auto' }, summaryOf(quoted)),
      media(message),
      message.secure && h('div', { className: 'from' }, t().secure),
      text !== undefined && said(text, message.mine),
      h('div', { className: 'foot' }, message.edited && h('span', {}, t().edited), h('time', {}, timeOf(date))),
      h(
        'button',
        { className: 'more', type: 'button', 'aria-label': t().more, onclick: () => on.more(message) },
        icon('more'),
      ),
    ),
    buttons(message, on.press),
  )
}

export const dayElement = (day) => h('div', { className: 'day' }, day)
export const dayOfMessage = (message) => dayOf(new Date(message.date * 1000))
