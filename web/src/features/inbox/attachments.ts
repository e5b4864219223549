import { useEffect, useRef, useState } from 'react'
import { MAX_FILE_BYTES } from '#shared/api/choices.ts'
import type { ChannelKindInfo } from '#shared/api/channels.ts'
import type { FileInfo } from '#shared/api/files.ts'
import { formatBytes } from '#shared/dates.ts'
import { ApiProblem, newKey, uploadFile } from '../../api.ts'
import { i18n } from '../../i18n.ts'

/** A file chosen for the next message. */
export interface Chosen {
  key: string
  name: string
  size: number
  mediaType: string
  /** 0…1 while it is being uploaded. */
  progress: number
  info: FileInfo | null
  problem: string | null
  preview: string | null
}

type Limits = ChannelKindInfo['capabilities'] | undefined

/** As what the channel would send it: what it cannot show as a photo or video goes as a document. */
function kindOf(mediaType: string, limits: Limits): string {
  const kind = mediaType.startsWith('image/')
    ? 'photo'
    : mediaType.startsWith('video/')
      ? 'video'
      : mediaType.startsWith('audio/')
        ? 'audio'
        : 'document'
  return limits === undefined || limits.attachments[kind] !== undefined ? kind : 'document'
}

function objection(file: File, internal: boolean, limits: Limits): string | null {
  const i = i18n()
  const tooBig = (size: number) => i.t('inbox.composer.tooBig', { size: formatBytes(size, i) })
  if (file.size > MAX_FILE_BYTES) return tooBig(MAX_FILE_BYTES)
  if (internal || limits === undefined) return null
  const limit = limits.attachments[kindOf(file.type, limits)] ?? limits.attachments['document']
  if (limit === undefined) return i.t('inbox.composer.kindRefused')
  const roomiest = Math.max(limit.maxBytes, limits.attachments['document']?.maxBytes ?? 0)
  return file.size > roomiest ? tooBig(roomiest) : null
}

export function useAttachments(internal: boolean, limits: Limits) {
  const [files, setFiles] = useState<readonly Chosen[]>([])
  const running = useRef(new Map<string, AbortController>())
  useEffect(() => {
    const controllers = running.current
    return () => {
      for (const controller of controllers.values()) controller.abort()
    }
  }, [])
  const change = (key: string, next: Partial<Chosen>) =>
    setFiles((before) => before.map((one) => (one.key === key ? { ...one, ...next } : one)))

  const add = (list: Iterable<File>) => {
    for (const file of list) {
      const key = newKey()
      const problem = objection(file, internal, limits)
      const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null
      const chosen: Chosen = {
        key,
        name: file.name,
        size: file.size,
        mediaType: file.type,
        progress: 0,
        info: null,
        problem,
        preview,
      }
      setFiles((before) => [...before, chosen])
      if (problem !== null) continue
      const controller = new AbortController()
      running.current.set(key, controller)
      uploadFile(file, (progress) => change(key, { progress }), controller.signal)
        .then((info) => change(key, { info, progress: 1 }))
        .catch((error: unknown) => {
          if (error instanceof ApiProblem) change(key, { problem: error.message })
          else if (!(error instanceof DOMException)) throw error
        })
        .finally(() => running.current.delete(key))
    }
  }
  const remove = (key: string) => {
    running.current.get(key)?.abort()
    const gone = files.find((one) => one.key === key)
    if (gone?.preview != null) URL.revokeObjectURL(gone.preview)
    setFiles((before) => before.filter((one) => one.key !== key))
  }
  /** Files of a draft that are on the server already. */
  const put = (infos: readonly FileInfo[]) =>
    setFiles(
      infos.map((info) => ({
        key: info.id,
        name: info.name,
        size: info.size,
        mediaType: info.mediaType,
        progress: 1,
        info,
        problem: null,
        preview: null,
      })),
    )
  return { files, add, remove, put, clear: () => setFiles([]) }
}
