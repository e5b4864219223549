/** The foot of the phone: text field, attachments, voice recording, the bot's keyboard. */
import { ask, h, icon, lengthOf, t } from './phone-dom.js'
import { summaryOf } from './phone-messages.js'
import { attachSheet, contactSheet } from './phone-sheets.js'
import { act, address, iconButton, phone, state, toast } from './phone-state.js'

const drafts = new Map()
const chatKey = () => `${state.person.id}:${state.bot.id}`
let recorder

const KIND_OF = { image: 'photo', video: 'video', audio: 'audio' }

async function sendFile(file, given, duration) {
  const kind = given ?? KIND_OF[file.type.split('/')[0]] ?? 'document'
  const field = phone.querySelector('textarea')
  const caption = kind === 'voice' ? '' : (field?.value.trim() ?? '')
  const query = new URLSearchParams({ bot: state.bot.id, kind, name: file.name ?? '', caption })
  if (duration) query.set('duration', String(Math.max(1, Math.round(duration))))
  if (state.about?.reply) query.set('replyTo', state.about.reply.messageId)
  try {
    const type = (file.type || 'application/octet-stream').split(';')[0]
    await ask(`people/${state.person.id}/upload?${query}`, file, { type })
    drafts.delete(chatKey())
    if (field && caption) field.value = ''
    leaveAbout()
  } catch {
    toast(t().failed)
  }
}

const sendPlace = (latitude, longitude) => act('location', { latitude, longitude })

const tehran = () => sendPlace(35.7448, 51.3753)

function sendLocation() {
  if (!navigator.geolocation) return tehran()
  navigator.geolocation.getCurrentPosition(({ coords }) => sendPlace(coords.latitude, coords.longitude), tehran, {
    timeout: 4000,
  })
}

function openAttach() {
  attachSheet(phone, state.person, {
    file: sendFile,
    location: sendLocation,
    ownNumber: () => act('shareOwnContact'),
    otherContact: () =>
      contactSheet(
        phone,
        state.people.filter(({ id }) => id !== state.person.id),
        (card) => act('shareContactOf', card),
      ),
  })
}

function leaveAbout() {
  state.about = undefined
  drawBottom()
}

async function sendText(field) {
  const text = field.value.trim()
  if (!text) return
  field.value = ''
  const { reply, edit } = state.about ?? {}
  const done = edit
    ? await act('edit', { messageId: edit.messageId, text })
    : await act('send', { text, replyTo: reply?.messageId })
  if (!done) field.value = text
  else if (state.about) leaveAbout()
}

async function record() {
  if (!navigator.mediaDevices || !window.MediaRecorder) return openAttach()
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => undefined)
  if (!stream) return openAttach()
  const mimeType = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus'].find((type) =>
    MediaRecorder.isTypeSupported(type),
  )
  const tape = new MediaRecorder(stream, mimeType ? { mimeType } : undefined)
  const chunks = []
  const began = Date.now()
  const clockText = () => `${t().recording} ${lengthOf((Date.now() - began) / 1000)}`
  const tick = setInterval(() => phone.querySelector('.clock')?.replaceChildren(clockText()), 500)
  recorder = { stop: () => tape.stop(), cancelled: false, clockText }
  const mine = recorder
  tape.addEventListener('dataavailable', ({ data }) => chunks.push(data))
  tape.addEventListener('stop', () => {
    clearInterval(tick)
    for (const track of stream.getTracks()) track.stop()
    recorder = undefined
    drawBottom()
    const type = tape.mimeType.split(';')[0]
    const file = new File(chunks, `voice.${type.split('/')[1]}`, { type })
    if (!mine.cancelled) void sendFile(file, 'voice', (Date.now() - began) / 1000)
  })
  tape.start()
  drawBottom()
}

const keyElement = (button) =>
  h('button', { type: 'button', onclick: () => act('pressKey', { text: button.text }) }, h('bdi', {}, button.text))

function keyboard() {
  const rows = state.chat?.keyboard?.rows
  if (!rows || state.about) return undefined
  return h('div', { className: 'keyboard' }, ...rows.map((row) => h('div', {}, ...row.map(keyElement))))
}

function wide(hint, label, onclick) {
  return h(
    'div',
    { className: 'wide' },
    hint && h('p', {}, hint),
    h('button', { type: 'button', className: 'main-button', onclick }, label),
  )
}

function composer(kept) {
  if (recorder) {
    const cancel = () => {
      recorder.cancelled = true
      recorder.stop()
    }
    return h(
      'div',
      { className: 'composer' },
      iconButton('close', t().cancel, cancel),
      h('span', { className: 'clock' }, recorder.clockText()),
      iconButton('send', t().send, () => recorder.stop(), 'icon on'),
    )
  }
  const field = h('textarea', {
    rows: 1,
    dir: 'auto',
    placeholder: t().message,
    'aria-label': t().message,
    value: kept,
  })
  const send = iconButton('send', t().send, () => sendText(field), 'icon on')
  const mic = iconButton('mic', t().record, record)
  const which = () => {
    send.hidden = field.value.trim() === ''
    mic.hidden = !send.hidden
    if (!state.about?.edit) drafts.set(chatKey(), field.value)
  }
  field.addEventListener('input', which)
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    void sendText(field).then(which)
    which()
  })
  send.addEventListener('click', which)
  which()
  return h('div', { className: 'composer' }, iconButton('attach', t().attach, openAttach), field, send, mic)
}

export function drawBottom() {
  const bottom = phone.querySelector('.bottom')
  if (!bottom || !state.chat) return
  const old = bottom.querySelector('textarea')
  const hadFocus = old !== null && document.activeElement === old
  const editing = state.about?.edit
  const going = editing && old?.dataset.edits === String(editing.messageId)
  const before = going ? old.value : (editing?.text ?? editing?.caption ?? '')
  const kept = editing ? before : (drafts.get(chatKey()) ?? '')
  if (state.chat.blocked) return bottom.replaceChildren(wide(t().blockedHint, t().unblock, () => act('unblock')))
  if (!state.chat.opened)
    return bottom.replaceChildren(wide('', t().start, () => act('start', { payload: address.get('start') })))
  const about =
    state.about &&
    h(
      'div',
      { className: 'about' },
      icon(editing ? 'edit' : 'reply'),
      h('div', { className: 'quote', dir: 'auto' }, summaryOf(editing ?? state.about.reply)),
      iconButton('close', t().cancel, leaveAbout),
    )
  bottom.replaceChildren(...[about, keyboard(), composer(kept)].filter(Boolean))
  const field = bottom.querySelector('textarea')
  if (field && editing) field.dataset.edits = String(editing.messageId)
  if (hadFocus) field?.focus()
}
