import './styles/tokens.css'
import './styles/base.css'
import { createRoot } from 'react-dom/client'
import { setApiHooks } from './api.ts'
import { App, goToSignIn } from './app.tsx'
import { i18n, loadTexts } from './i18n.ts'
import { meQuery, queryClient } from './session/session.ts'

setApiHooks({
  locale: () => i18n().locale,
  sentence: (code) => i18n().t(`frame.problem.${code}`),
  signedOut: goToSignIn,
})
// Who is there is asked while the texts are on their way; a refusal is looked at where it matters.
void queryClient.prefetchQuery(meQuery)
// A new version was put up while this page was open: its old parts are gone, so take the new page.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault()
  location.reload()
})

async function start(): Promise<void> {
  await loadTexts()
  const place = document.getElementById('root')
  if (place !== null) createRoot(place).render(<App />)
}
void start()
