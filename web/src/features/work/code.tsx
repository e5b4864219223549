import { localDigits } from '#shared/text.ts'
import { type I18n, useI18n } from '../../i18n.ts'

/** A tracking code in the reader's digits. */
export const codeText = ({ digits, locale }: Pick<I18n, 'digits' | 'locale'>, code: string): string =>
  digits === 'native' ? localDigits(code, locale) : code

export function Code({ code, className }: { code: string; className?: string | undefined }) {
  const i = useI18n()
  return (
    <bdi dir="ltr" className={className}>
      {codeText(i, code)}
    </bdi>
  )
}
