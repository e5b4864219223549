import type { Message } from '#shared/api/conversations.ts'
import type { I18n } from '../../i18n.ts'

/** What a message without words is called where only a line stands for it; some kinds are called otherwise in the thread. */
export const kindText = ({ maybe }: Pick<I18n, 'maybe'>, kind: Message['kind']): string =>
  maybe(`inbox.message.kind.${kind}`) ?? maybe(`inbox.message.${kind}`) ?? ''
