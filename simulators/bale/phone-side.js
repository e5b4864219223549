/** Beside the phone (over it on a narrow screen): who one is, which bot, the network, the language. */
import { digits, face, h, icon, nameOf, settings, t } from './phone-dom.js'
import { form } from './phone-sheets.js'

const LANGUAGES = { fa: 'فارسی', ar: 'العربية', en: 'English' }
const FACES = [1, 2, 3, 4, 5, 6]
let creating = false
let chosenFace = 1

function segments(entries, chosen, choose, className = () => '') {
  return h(
    'div',
    { className: 'segments', role: 'group' },
    ...entries.map(([key, label]) =>
      h(
        'button',
        { type: 'button', className: className(key), 'aria-pressed': key === chosen, onclick: () => choose(key) },
        label,
      ),
    ),
  )
}

function personButton(person, state, on, close) {
  const phone = person.phone && h('small', {}, h('bdi', { dir: 'ltr' }, `+${person.phone.replace(/^\+/, '')}`))
  return h(
    'button',
    {
      type: 'button',
      className: 'person',
      'aria-pressed': person.id === state.person?.id,
      onclick: () => {
        close()
        on.choose({ person })
      },
    },
    face(person),
    h('span', {}, nameOf(person), phone),
  )
}

/** A mobile number as Bale keeps it: `98` and ten digits for an Iranian one, other countries as given. */
const internationalOf = (text) => digits(text).replace(/^0098|^0(?=9\d{9}$)/, '98') || undefined

function personForm(redraw, on) {
  const faces = h(
    'div',
    { className: 'faces' },
    ...FACES.map((number) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': number === chosenFace,
          'aria-label': String(number),
          onclick: (event) => {
            chosenFace = number
            for (const button of faces.children) button.setAttribute('aria-pressed', button === event.currentTarget)
          },
        },
        h('img', { className: 'face', src: `/_sim/avatars/${number}`, alt: '' }),
      ),
    ),
  )
  const fields = [
    { label: t().firstName, name: 'firstName', required: true },
    { label: t().lastName, name: 'lastName' },
    { label: t().phone, name: 'phone', type: 'tel' },
  ]
  const create = ({ firstName, lastName, phone }) => {
    creating = false
    void on.create({ firstName, lastName: lastName || undefined, phone: internationalOf(phone), avatar: chosenFace })
  }
  const cancel = h(
    'button',
    {
      type: 'button',
      className: 'quiet-button',
      onclick: () => {
        creating = false
        redraw()
      },
    },
    t().cancel,
  )
  return h('div', {}, form(fields, t().create, create, faces), cancel)
}

function botChoice(state, on) {
  if (state.bots.length === 0) return h('p', { className: 'hint' }, t().noBots)
  const select = h(
    'select',
    {
      'aria-label': t().bot,
      onchange: () => on.choose({ bot: state.bots.find(({ id }) => String(id) === select.value) }),
    },
    ...state.bots.map((bot) =>
      h('option', { value: bot.id, selected: bot.id === state.bot?.id }, `${bot.name} (@${bot.username})`),
    ),
  )
  return select
}

export function drawSide(side, state, on) {
  const redraw = () => drawSide(side, state, on)
  const close = () => side.classList.remove('open')
  const begin = () => {
    creating = true
    redraw()
    side.querySelector('input')?.focus()
  }
  // A form being filled in is not drawn anew because a bot was added meanwhile.
  if (creating && side.querySelector('form') && side.lang === settings.lang) return
  side.lang = settings.lang
  side.replaceChildren(
    h(
      'button',
      { type: 'button', className: 'icon close-side', 'aria-label': t().close, onclick: close },
      icon('close'),
    ),
    h('h1', {}, t().title),
    h('p', {}, t().lead),
    h('h2', {}, t().people),
    h('div', { className: 'people' }, ...state.people.map((person) => personButton(person, state, on, close))),
    creating
      ? personForm(redraw, on)
      : h('button', { type: 'button', className: 'quiet-button', onclick: begin }, t().newPerson),
    h('h2', {}, t().bot),
    botChoice(state, on),
    h('h2', {}, t().network),
    segments(Object.entries(t().networks), state.network, on.network, (key) => (key === 'good' ? '' : 'bad')),
    h('p', { className: 'hint' }, t().networkHints[state.network]),
    h('h2', {}, t().language),
    segments(Object.entries(LANGUAGES), settings.lang, on.lang),
  )
}
