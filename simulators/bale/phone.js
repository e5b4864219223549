/** The customer's phone: choose who one is, write to a bot, see its answers arrive. */
import { ask, face, h, settings, t } from './phone-dom.js'
import { drawBottom } from './phone-composer.js'
import { dayElement, dayOfMessage, messageElement } from './phone-messages.js'
import { actionSheet, reviewSheet } from './phone-sheets.js'
import { drawSide } from './phone-side.js'
import { act, address, iconButton, phone, remember, state, toast } from './phone-state.js'

const side = document.getElementById('side')
let follow = new AbortController()
let atEnd = true
let noticed
let reviewed

function openMenu() {
  const blocked = state.chat?.blocked
  actionSheet(phone, state.bot.name, [
    ...(state.person.phone && !blocked ? [['phone', t().ownNumber, () => act('shareOwnContact')]] : []),
    ['block', blocked ? t().unblock : t().block, () => act(blocked ? 'unblock' : 'block'), !blocked],
  ])
}

function begin(about) {
  state.about = about
  drawBottom()
  phone.querySelector('textarea')?.focus()
}

function openMessageMenu(message) {
  actionSheet(phone, t().more, [
    ['reply', t().reply, () => begin({ reply: message })],
    ...(message.mine && (message.text ?? message.file) !== undefined
      ? [['edit', t().edit, () => begin({ edit: message })]]
      : []),
  ])
}

async function press(button) {
  if (button.callback_data !== undefined) {
    await act('press', { messageId: button.messageId, data: button.callback_data })
  } else if (button.copy_text) {
    await navigator.clipboard?.writeText(button.copy_text.text)
    toast(t().copied)
  } else if (button.url?.startsWith('https://ble.ir/')) {
    // A link to a bot stays on the phone: it opens that chat and presses Start.
    const opened = await act('openLink', { messageId: button.messageId, url: button.url })
    const bot = state.bots.find(({ id }) => id === opened?.bot)
    if (bot && bot.id !== state.bot.id) choose({ bot })
  } else {
    window.open(button.url ?? button.web_app?.url, '_blank', 'noreferrer')
  }
}

function drawTop() {
  const { bot, chat, person } = state
  const busy = chat?.action && t().actions[chat.action.name]
  phone
    .querySelector('.top')
    ?.replaceChildren(
      h(
        'button',
        { type: 'button', className: 'me', 'aria-label': t().settings, onclick: () => side.classList.add('open') },
        face(person),
      ),
      face({ firstName: bot.name }),
      h(
        'div',
        { className: 'who' },
        h('b', {}, bot.name),
        h(
          'small',
          { className: busy ? 'busy' : '' },
          busy ?? (chat?.blocked ? t().blockedState : h('bdi', { dir: 'ltr' }, `@${bot.username}`)),
        ),
      ),
      iconButton('more', t().settings, openMenu),
    )
}

const shown = new Map()

function drawList() {
  const list = phone.querySelector('.list')
  if (!list) return
  const messages = state.chat?.messages ?? []
  atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
  const wanted = []
  let day
  for (const message of messages) {
    const newDay = dayOfMessage(message)
    if (newDay !== day) wanted.push(dayElement(newDay))
    day = newDay
    const signature = `${settings.lang}${state.person.id}:${state.bot.id}:${JSON.stringify(message)}`
    const kept = shown.get(message.messageId)
    // What did not change keeps its element, so that a voice message plays on.
    const element =
      kept?.signature === signature ? kept.element : messageElement(message, messages, { press, more: openMessageMenu })
    shown.set(message.messageId, { signature, element })
    wanted.push(element)
  }
  if (messages.length === 0) {
    wanted.push(
      h(
        'div',
        { className: 'empty' },
        face({ firstName: state.bot.name }),
        h('b', {}, state.bot.name),
        h('p', {}, t().startHint),
      ),
    )
  }
  list.replaceChildren(...wanted)
  if (atEnd) list.scrollTop = list.scrollHeight
}

const keysOf = (chat) => JSON.stringify([chat?.keyboard, chat?.opened, chat?.blocked])

function takeChat(chat) {
  const before = state.chat
  state.chat = chat
  drawTop()
  drawList()
  if (keysOf(before) !== keysOf(chat)) drawBottom()
  if (chat.notice && chat.notice.at !== noticed && before) toast(chat.notice.text)
  noticed = chat.notice?.at
  if (chat.action) setTimeout(() => state.chat === chat && ((chat.action = null), drawTop()), chat.action.forMs)
  if (chat.review && chat.review.askedAt !== reviewed) {
    reviewed = chat.review.askedAt
    setTimeout(() => reviewSheet(phone, () => toast(t().thanks)), chat.review.inMs)
  }
}

/** Follows one chat until another is chosen: every answer is the whole chat, the next question waits for a newer one. */
async function followChat() {
  follow.abort()
  follow = new AbortController()
  const { signal } = follow
  Object.assign(state, { chat: undefined, about: undefined })
  shown.clear()
  drawPhone()
  let version = -1
  while (!signal.aborted && state.person && state.bot) {
    try {
      const query = `bot=${state.bot.id}&since=${version}&wait=${version < 0 ? 0 : 25}`
      const chat = await ask(`people/${state.person.id}/inbox?${query}`, undefined, { signal })
      if (signal.aborted) return
      if (chat.version !== version) takeChat(chat)
      version = chat.version
    } catch {
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

function drawPhone() {
  if (state.person && state.bot) {
    phone.replaceChildren(
      h('header', { className: 'top' }),
      h('section', { className: 'list', 'aria-live': 'polite' }),
      h('footer', { className: 'bottom' }),
    )
    const list = phone.querySelector('.list')
    // A picture makes its message taller once it has loaded.
    const keep = () => atEnd && (list.scrollTop = list.scrollHeight)
    list.addEventListener('load', keep, true)
    list.addEventListener('scroll', () => {
      atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
    })
    new ResizeObserver(keep).observe(list)
    drawTop()
    return
  }
  const hint = state.bots.length === 0 ? t().noBots : t().noPeople
  phone.replaceChildren(
    h(
      'div',
      { className: 'empty' },
      h('p', {}, hint),
      h(
        'button',
        { type: 'button', className: 'quiet-button', onclick: () => side.classList.add('open') },
        t().settings,
      ),
    ),
  )
}

function choose(change) {
  Object.assign(state, change)
  if (change.person) remember('person', change.person.id)
  if (change.bot) remember('bot', change.bot.id)
  draw()
  void followChat()
}

const on = {
  choose,
  async lang(lang) {
    settings.lang = lang
    remember('lang', lang)
    draw()
    const { chat } = state
    drawPhone()
    if (chat) {
      takeChat(chat)
      drawBottom()
    }
  },
  async network(network) {
    state.network = (await ask('faults', { network })).network
    draw()
  },
  async createBot(bot) {
    const made = await ask('bots', bot).catch(() => undefined)
    if (!made) return toast(t().failed)
    const { id, username, name } = made
    state.made = made
    state.bots.push({ id, username, name })
    choose({ bot: { id, username, name } })
  },
  async copy(text) {
    await navigator.clipboard?.writeText(text)
    toast(t().copied)
  },
  async create(person) {
    const made = await ask('people', { languageCode: settings.lang, ...person }).catch(() => undefined)
    if (!made) return toast(t().failed)
    state.people.push(made)
    choose({ person: made })
  },
}

function draw() {
  document.documentElement.lang = settings.lang
  document.documentElement.dir = settings.lang === 'en' ? 'ltr' : 'rtl'
  document.title = t().title
  drawSide(side, state, on)
}

const find = (list, wanted) => list.find(({ id, username }) => String(id) === wanted || username === wanted)

/** Bots come and go while the page is open, when a channel is connected for example. */
async function refresh() {
  const next = await ask('state').catch(() => undefined)
  if (
    next &&
    JSON.stringify([next.bots, next.people, next.network]) !== JSON.stringify([state.bots, state.people, state.network])
  ) {
    Object.assign(state, next)
    const person =
      find(state.people, String(state.person?.id ?? address.get('person') ?? remember('person'))) ?? state.people[0]
    const bot = find(state.bots, String(state.bot?.id ?? address.get('bot') ?? remember('bot'))) ?? state.bots[0]
    const same = person?.id === state.person?.id && bot?.id === state.bot?.id
    Object.assign(state, { person, bot })
    draw()
    if (!same || !person || !bot) void followChat()
  }
  setTimeout(refresh, 2000)
}

const wantedLang = address.get('lang') ?? remember('lang')
if (['fa', 'ar', 'en'].includes(wantedLang)) settings.lang = wantedLang
draw()
drawPhone()
void refresh()
