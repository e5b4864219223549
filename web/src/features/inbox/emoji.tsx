import { useRef } from 'react'
import { useI18n } from '../../i18n.ts'
import css from './composer.module.css'

const ROWS = [
  '😀 😃 😄 😁 😅 😂 🙂 😉 😊 😇 🥰 😍 😘 😋 😎 🤩 🥳 🤗',
  '🤔 🤨 😐 🙄 😏 😬 😌 😔 😴 😷 🤒 😢 😭 😤 😠 😳 😱 😓',
  '👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 ✋ 👇 👆 👉 👈 ✍️ 💐',
  '❤️ 🧡 💛 💚 💙 💜 🖤 💔 🌹 🌸 🌷 ☀️ 🌙 ⭐ 🔥 🎉 🎁 🎂',
  '✅ ❌ ⚠️ ❓ ❗ 💯 📌 📎 📞 📱 💳 💰 📦 🚚 🏠 🏢 ⏰ 📅',
].map((row) => row.split(' '))

/** The emoji agents use; the rest come from the system's own picker. Arrows move in the grid. */
export default function EmojiGrid({ onChoose }: { onChoose: (emoji: string) => void }) {
  const { t, dir } = useI18n()
  const grid = useRef<HTMLDivElement>(null)
  return (
    <div
      ref={grid}
      className={css.emoji}
      role="group"
      aria-label={t('inbox.emoji.title')}
      onKeyDown={(event) => {
        const across = dir === 'rtl' ? -1 : 1
        const step = { ArrowRight: across, ArrowLeft: -across, ArrowDown: 9, ArrowUp: -9 }[event.key]
        if (step === undefined) return
        event.preventDefault()
        event.stopPropagation()
        const all = [...(grid.current?.querySelectorAll('button') ?? [])]
        const at = all.findIndex((one) => one === document.activeElement)
        all[Math.max(0, Math.min(all.length - 1, at + step))]?.focus()
      }}
    >
      {ROWS.flat().map((emoji) => (
        <button key={emoji} type="button" role="menuitem" tabIndex={-1} onClick={() => onChoose(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  )
}
