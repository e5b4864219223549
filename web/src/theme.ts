type Theme = 'system' | 'light' | 'dark'
const STORED = 'daftar.theme'
let current: Theme = read()

function read(): Theme {
  try {
    const stored = localStorage.getItem(STORED)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

export function setTheme(theme: Theme): void {
  current = theme
  try {
    localStorage.setItem(STORED, theme)
  } catch {
    // The server knows it too.
  }
  apply()
}
function apply(): void {
  if (current === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = current
}
apply()
