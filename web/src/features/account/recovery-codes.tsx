import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import css from './account.module.css'

/** The codes for when the phone is lost: shown only now, to be kept on paper or in a file. */
export function RecoveryCodeList({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { t } = useI18n()
  const download = () => {
    const url = URL.createObjectURL(new Blob([`${codes.join('\r\n')}\r\n`], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = url
    link.download = 'daftar-recovery-codes.txt'
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <div className={css.steps}>
      <p>{t('people.factor.codes.text')}</p>
      <ul className={css.codes} dir="ltr">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className={css.buttons}>
        <Button onClick={download}>{t('people.factor.codes.download')}</Button>
        <Button look="primary" onClick={onDone} data-testid="codes-kept">
          {t('people.factor.codes.done')}
        </Button>
      </div>
    </div>
  )
}
