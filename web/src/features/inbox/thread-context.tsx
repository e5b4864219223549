import { createContext, type ReactNode, useContext, useMemo, useState } from 'react'
import type { Conversation, Message } from '#shared/api/conversations.ts'

/** What the parts of one open conversation tell each other. */
interface ThreadContext {
  conversation: Conversation
  /** The message the next one answers. */
  replyTo: Message | null
  setReplyTo: (message: Message | null) => void
  /** Text to put back into the composer, with a number that makes every wish a new one. */
  restore: { text: string; internal: boolean; at: number } | null
  setRestore: (restore: { text: string; internal: boolean; at: number }) => void
  /** Scrolls to a message, where it is loaded. */
  jumpTo: string | null
  setJumpTo: (id: string | null) => void
}

const Context = createContext<ThreadContext | null>(null)

export function ThreadProvider({ conversation, children }: { conversation: Conversation; children: ReactNode }) {
  const [replyTo, setReplyTo] = useState<Message | null>(null)
  const [restore, setRestore] = useState<ThreadContext['restore']>(null)
  const [jumpTo, setJumpTo] = useState<string | null>(null)
  const value = useMemo(
    () => ({ conversation, replyTo, setReplyTo, restore, setRestore, jumpTo, setJumpTo }),
    [conversation, replyTo, restore, jumpTo],
  )
  return <Context value={value}>{children}</Context>
}

export function useThread(): ThreadContext {
  const value = useContext(Context)
  if (value === null) throw new Error('outside of a conversation')
  return value
}
