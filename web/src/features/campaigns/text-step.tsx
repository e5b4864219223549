import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Campaign, CampaignPatch } from '#shared/api/campaigns.ts'
import type { FileInfo } from '#shared/api/files.ts'
import { formatBytes } from '#shared/dates.ts'
import { ApiProblem, fileUrl, uploadFile } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Switch } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { OnePicker } from '../../ui/choice-picker.tsx'
import { templatesQuery } from '../templates/queries.ts'
import { TextEditor } from '../templates/text-editor.tsx'
import css from './campaigns.module.css'
import { IconPlus, IconX } from './icons.ts'
import { recipientListQuery } from './queries.ts'

interface TextStepProps {
  campaign: Campaign
  error: string | undefined
  onChange: (patch: CampaignPatch) => void
}

/** What they get: the words with their fields, files, the button to share the number. */
export function TextStep({ campaign, error, onChange }: TextStepProps) {
  const { t } = useI18n()
  const extra = useRowFields(campaign.audience.listIds)
  const templates =
    useInfiniteQuery(templatesQuery({ use: 'campaign' })).data?.pages.flatMap((page) => page.items) ?? []
  const { templateId } = campaign
  const template = templates.find((one) => one.id === templateId)
  return (
    <>
      {(templates.length > 0 || templateId !== null) && (
        <OnePicker
          label={t('campaigns.template')}
          placeholder={t('campaigns.template.own')}
          value={templateId}
          options={templates.map(({ id, name }) => ({ id, name }))}
          onChange={(id) => onChange({ templateId: id })}
        />
      )}
      {templateId === null ? (
        <TextEditor
          label={t('campaigns.text')}
          help={t('campaigns.text.help')}
          rows={7}
          value={campaign.text}
          error={error}
          extra={extra}
          onChange={(text) => onChange({ text })}
          data-testid="campaign-text"
        />
      ) : (
        <div className={css.told}>
          <div>
            <p dir="auto" className={css.whole}>
              {template?.text ?? ''}
            </p>
            {template !== undefined && (
              <Button small onClick={() => onChange({ templateId: null, text: template.text })}>
                {t('campaigns.template.change')}
              </Button>
            )}
          </div>
        </div>
      )}
      <Files campaign={campaign} onChange={(fileIds) => onChange({ fileIds })} />
      <Switch
        label={t('campaigns.askNumber')}
        help={t('campaigns.askNumber.help')}
        checked={campaign.askNumber}
        onChange={(askNumber) => onChange({ askNumber })}
      />
    </>
  )
}

/** What the files of the audience know of each recipient, for the text. */
function useRowFields(listIds: readonly string[]): { name: string; label: string }[] {
  const lists = useQueries({ queries: listIds.map((id) => recipientListQuery(id)) })
  const fields = new Map(lists.flatMap(({ data }) => data?.fields.map(({ key, heading }) => [key, heading]) ?? []))
  return [...fields].map(([key, heading]) => ({ name: `row.${key}`, label: heading }))
}

const MOST_FILES = 10

function Files({ campaign, onChange }: { campaign: Campaign; onChange: (fileIds: string[]) => void }) {
  const i = useI18n()
  const { t, n } = i
  const input = useRef<HTMLInputElement>(null)
  const [part, setPart] = useState<number | null>(null)
  // Those just uploaded, until the campaign comes back with them.
  const [fresh, setFresh] = useState<readonly FileInfo[]>([])
  const known = new Map([...campaign.files, ...fresh].map((file) => [file.id, file]))
  const add = async (list: FileList | null) => {
    let ids = campaign.fileIds
    for (const file of [...(list ?? [])].slice(0, MOST_FILES - ids.length)) {
      setPart(0)
      try {
        const info = await uploadFile(file, setPart)
        setFresh((before) => [...before, info])
        ids = [...ids, info.id]
        onChange(ids)
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        toastProblem(error)
      }
    }
    setPart(null)
  }
  return (
    <div className={css.part}>
      <h3>{t('campaigns.files')}</h3>
      <ul className={css.inline}>
        {campaign.fileIds.map((id) => {
          const file = known.get(id)
          return (
            <li key={id} className={css.fileChip}>
              <a href={fileUrl(id)} target="_blank" rel="noreferrer">
                <Bidi>{file?.name ?? t('campaigns.files.one')}</Bidi>
              </a>
              {file !== undefined && <span className={css.quiet}>{formatBytes(file.size, i)}</span>}
              <IconButton
                small
                label={t('campaigns.files.remove')}
                onClick={() => onChange(campaign.fileIds.filter((one) => one !== id))}
              >
                <IconX size={14} />
              </IconButton>
            </li>
          )
        })}
        <li>
          <Button
            small
            icon={<IconPlus size={15} />}
            busy={part !== null}
            disabled={campaign.fileIds.length >= MOST_FILES}
            onClick={() => input.current?.click()}
          >
            {part === null ? t('campaigns.files.add') : n(part, { style: 'percent', maximumFractionDigits: 0 })}
          </Button>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            data-testid="campaign-file"
            onChange={(event) => {
              const { files } = event.currentTarget
              void add(files)
            }}
          />
        </li>
      </ul>
    </div>
  )
}
