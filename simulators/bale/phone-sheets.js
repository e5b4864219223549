/** What rises from the bottom of the phone: attachments, somebody's number, the actions of a message. */
import { face, h, icon, international, nameOf, t } from './phone-dom.js'

/** Opens a sheet over the phone; returns what closes it. */
export function openSheet(phone, title, ...content) {
  const before = document.activeElement
  const sheet = h('div', {
    className: 'sheet',
    role: 'dialog',
    'aria-modal': 'true',
    'aria-label': title,
    tabIndex: -1,
  })
  const veil = h('div', { className: 'veil' }, sheet)
  const close = () => {
    veil.remove()
    before?.focus?.()
  }
  sheet.append(h('h2', {}, title), ...content.flat().filter(Boolean))
  veil.addEventListener('click', (event) => event.target === veil && close())
  veil.addEventListener('keydown', (event) => event.key === 'Escape' && close())
  phone.append(veil)
  sheet.focus({ preventScroll: true })
  return close
}

function chooseFile(accept, take) {
  const input = h('input', { type: 'file', accept, multiple: true })
  input.addEventListener('change', () => {
    for (const file of input.files) take(file)
  })
  input.click()
}

async function sample(name, type) {
  const response = await fetch(`/_sim/samples/${name}`)
  return new File([await response.blob()], name, { type })
}

/** `on`: file(file, kind?), location(), ownNumber(), otherContact(). */
export function attachSheet(phone, person, on) {
  const tile = (name, label, act) =>
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          close()
          act()
        },
      },
      icon(name),
      label,
    )
  const send = (name, type, kind) => async () => on.file(await sample(name, type), kind)
  const close = openSheet(
    phone,
    t().attach,
    h(
      'div',
      { className: 'tiles' },
      tile('image', t().photoOrVideo, () => chooseFile('image/*,video/*', on.file)),
      tile('file', t().file, () => chooseFile('', (file) => on.file(file, 'document'))),
      tile('mic', t().audio, () => chooseFile('audio/*', (file) => on.file(file, 'voice'))),
      tile('pin', t().location, on.location),
      person.phone && tile('phone', t().ownNumber, on.ownNumber),
      tile('person', t().otherContact, on.otherContact),
    ),
    h('h3', {}, t().samples),
    h(
      'div',
      { className: 'tiles' },
      tile('image', t().sampleReceipt, send('receipt.png', 'image/png', 'photo')),
      tile('file', t().samplePdf, send('invoice.pdf', 'application/pdf', 'document')),
      tile('mic', t().sampleVoice, send('voice.wav', 'audio/wav', 'voice')),
    ),
  )
}

/** A form of text fields; `submit` gets their values, trimmed. */
export function form(fields, label, submit, extra) {
  const inputs = fields.map(({ label: text, name, type = 'text', required }) => {
    const input = h('input', { name, type, required, dir: type === 'tel' ? 'ltr' : 'auto', autocomplete: 'off' })
    return h('label', { className: 'field' }, h('span', {}, text), input)
  })
  const element = h(
    'form',
    {},
    ...inputs,
    extra,
    h('div', { className: 'row' }, h('button', { className: 'main-button' }, label)),
  )
  element.addEventListener('submit', (event) => {
    event.preventDefault()
    const values = Object.fromEntries([...new FormData(element)].map(([name, value]) => [name, value.trim()]))
    submit(values)
  })
  return element
}

/** `send` gets `{personId}` or `{phone, firstName}`. */
export function contactSheet(phone, others, send) {
  const choice = (other) =>
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          close()
          send({ personId: other.id })
        },
      },
      face(other),
      h('span', {}, nameOf(other)),
    )
  const known = others.filter((other) => other.phone)
  const fields = [
    { label: t().firstName, name: 'firstName', required: true },
    { label: t().phone, name: 'phone', type: 'tel', required: true },
  ]
  const close = openSheet(
    phone,
    t().shareOther,
    form(fields, t().send, (values) => {
      close()
      send({ firstName: values.firstName, phone: international(values.phone) })
    }),
    known.length > 0 && h('h3', {}, t().fromPeople),
    h('div', { className: 'choices' }, ...known.map(choice)),
  )
}

/** A list of actions: `[icon, label, act, danger?]`. */
export function actionSheet(phone, title, entries) {
  const close = openSheet(
    phone,
    title,
    h(
      'div',
      { className: 'choices' },
      ...entries.map(([name, label, act, danger]) =>
        h(
          'button',
          {
            type: 'button',
            className: danger ? 'danger' : '',
            onclick: () => {
              close()
              act()
            },
          },
          icon(name, name === 'reply' ? 'mirror' : ''),
          label,
        ),
      ),
    ),
  )
}

/** Five stars, as Bale asks on a bot's behalf; the answer goes to Bale, not to the bot. */
export function reviewSheet(phone, done) {
  const star = () =>
    h(
      'button',
      {
        type: 'button',
        'aria-label': '★',
        onclick: () => {
          close()
          done()
        },
      },
      icon('star'),
    )
  const close = openSheet(phone, t().review, h('div', { className: 'stars' }, ...Array.from({ length: 5 }, star)))
}
