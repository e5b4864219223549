import './styles/tokens.css'
import './styles/base.css'
import arabicFont from '@fontsource-variable/vazirmatn/files/vazirmatn-arabic-wght-normal.woff2?url'
import latinFont from '@fontsource-variable/vazirmatn/files/vazirmatn-latin-wght-normal.woff2?url'
import { createRoot } from 'react-dom/client'
import { seeAsHeader } from './session/seeing-as.ts'
import { setApiHooks } from './api.ts'
import { App, goToSignIn } from './app.tsx'
import { i18n, loadTexts } from './i18n.ts'
import { meQuery, queryClient } from './session/session.ts'

setApiHooks({
  headers: () => seeAsHeader(),
  locale: () => i18n().locale,
  sentence: (code) => i18n().t(`frame.problem.${code}`),
  signedOut: goToSignIn,
})
// The font of the language is asked for now, not when the first letter is drawn.
const font = document.createElement('link')
Object.assign(font, {
  rel: 'preload',
  as: 'font',
  type: 'font/woff2',
  crossOrigin: 'anonymous',
  href: i18n().dir === 'rtl' ? arabicFont : latinFont,
})
document.head.append(font)
// Who is there is asked while the texts are on their way; a refusal is looked at where it matters.
void queryClient.prefetchQuery(meQuery)
// A part of the program could not be had. If a new version was put up while this page was open, its old parts are gone:
// take the new page. Without a line, or while the server starts anew, the page stays: a reload would lose what is on it.
addEventListener('vite:preloadError', () => {
  void isReplaced().then((replaced) => replaced && location.reload())
})
async function isReplaced(): Promise<boolean> {
  const entry = document.querySelector('script[type="module"][src]')?.getAttribute('src')
  try {
    const answer = await fetch('/', { cache: 'no-store' })
    return answer.ok && entry != null && !(await answer.text()).includes(entry)
  } catch {
    return false
  }
}

async function start(): Promise<void> {
  await loadTexts()
  const place = document.getElementById('root')
  if (place !== null) createRoot(place).render(<App />)
}
void start()
