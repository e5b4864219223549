/** Beside the phone (over it on a narrow screen): who one is, which bot, the network, the language. */
import { face, h, icon, international, nameOf, phoneElement, settings, t } from './phone-dom.js'
import { form } from './phone-sheets.js'

const LANGUAGES = { fa: 'فارسی', ar: 'العربية', en: 'English' }
const FACES = [1, 2, 3, 4, 5, 6]
/** Which form is open: `person`, `bot` or none. */
let creating = ''
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
  const phone = person.phone && h('small', {}, phoneElement(person.phone))
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

function cancelButton(redraw) {
  return h(
    'button',
    {
      type: 'button',
      className: 'quiet-button',
      onclick: () => {
        creating = ''
        redraw()
      },
    },
    t().cancel,
  )
}

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
    creating = ''
    void on.create({
      firstName,
      lastName: lastName || undefined,
      phone: international(phone) || undefined,
      avatar: chosenFace,
    })
  }
  return h('div', {}, form(fields, t().create, create, faces), cancelButton(redraw))
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

function botForm(redraw, on) {
  const fields = [
    { label: t().botName, name: 'name', required: true },
    { label: t().botUsername, name: 'username', required: true },
  ]
  const create = (bot) => {
    creating = ''
    void on.createBot(bot)
  }
  return h('div', {}, form(fields, t().create, create), cancelButton(redraw))
}

/** What the settings page of a Bale channel asks for; each is copied by a click. */
function botCard(made, on) {
  const line = (label, value) =>
    h(
      'button',
      { type: 'button', className: 'token', onclick: () => on.copy(value) },
      h('small', {}, label, h('b', {}, t().copy)),
      h('bdi', { dir: 'ltr' }, value),
    )
  return [h('p', { className: 'hint' }, t().botReady), line(t().address, location.origin), line(t().token, made.token)]
}

export function drawSide(side, state, on) {
  const redraw = () => drawSide(side, state, on)
  const close = () => side.classList.remove('open')
  const begin = (what) => () => {
    creating = what
    side.replaceChildren()
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
    creating === 'person'
      ? personForm(redraw, on)
      : h('button', { type: 'button', className: 'quiet-button', onclick: begin('person') }, t().newPerson),
    h('h2', {}, t().bot),
    botChoice(state, on),
    ...(state.made ? botCard(state.made, on) : []),
    creating === 'bot'
      ? botForm(redraw, on)
      : h('button', { type: 'button', className: 'quiet-button', onclick: begin('bot') }, t().newBot),
    h('h2', {}, t().network),
    segments(Object.entries(t().networks), state.network, on.network, (key) => (key === 'good' ? '' : 'bad')),
    h('p', { className: 'hint' }, t().networkHints[state.network]),
    h('h2', {}, t().language),
    segments(Object.entries(LANGUAGES), settings.lang, on.lang),
  )
}
