import { toast } from './toast.tsx'

/** Takes a text along; `told` says so. */
export async function copyText(text: string, told: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast(told)
  } catch {
    // Opened over plain http on another machine the browser offers no clipboard: the text is shown to be copied by hand.
    toast(text, { ms: 15_000 })
  }
}
