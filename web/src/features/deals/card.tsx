import { Link, useNavigate } from '@tanstack/react-router'
import { memo, useRef } from 'react'
import type { Deal, DealStage } from '#shared/api/deals.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { Menu, MenuDivider, MenuItem, MenuLabel } from '../../ui/menu.tsx'
import { Amount, Expected } from './amount.tsx'
import type { Place } from './board.ts'
import { deleteDeal, topOf } from './deal-actions.ts'
import css from './deals.module.css'
import { useCardDrag } from './drag.ts'
import {
  IconArrowDown,
  IconArrowRight,
  IconArrowUp,
  IconCircleCheck,
  IconCircleX,
  IconDotsVertical,
  IconTrash,
  IconUser,
} from './icons.ts'

interface CardProps {
  deal: Deal
  stages: readonly DealStage[]
  mayEdit: boolean
  /** Carried by the keys just now. */
  grabbed: boolean
  /** What is dragged would be put before it. */
  dropBefore: boolean
  helpId: string
  /** Places a step up and down; undefined at the ends. */
  up: Place | undefined
  down: Place | undefined
  onMove: (deal: Deal, place: Place) => void
}

export const Card = memo(function Card(props: CardProps) {
  const { deal, mayEdit, grabbed, dropBefore, helpId } = props
  const users = useUsers()
  const box = useRef<HTMLElement>(null)
  const dragging = useCardDrag(box, deal.id, mayEdit)
  const responsible = deal.responsibleId === null ? undefined : users.get(deal.responsibleId)
  return (
    <article
      ref={box}
      className={css.card}
      data-deal={deal.id}
      data-dragging={dragging || undefined}
      data-grabbed={grabbed || undefined}
      data-drop={dropBefore || undefined}
    >
      <div className={css.cardHead}>
        <Link
          to="/deals"
          search={(before) => ({ ...before, deal: deal.id })}
          className={css.cardTitle}
          draggable={false}
          preload={false}
          data-deal-link={deal.id}
          aria-describedby={mayEdit ? helpId : undefined}
          dir="auto"
        >
          {deal.title}
        </Link>
        {mayEdit && <CardMenu {...props} />}
      </div>
      <div className={css.cardWho}>
        <Avatar id={deal.contact.id} name={deal.contact.name} fileId={deal.contact.avatarFileId} size={20} />
        <Bidi className="ellipsis">{deal.contact.name}</Bidi>
        {responsible !== undefined && (
          <span className={css.cardResponsible} title={responsible.name}>
            <Avatar id={responsible.id} name={responsible.name} size={22} />
            <span className="visually-hidden">{responsible.name}</span>
          </span>
        )}
      </div>
      <div className={css.cardFoot}>
        <Amount money={deal.amount} />
        <Expected day={deal.expectedOn} open={deal.outcome === 'open'} />
      </div>
    </article>
  )
})

function CardMenu({ deal, stages, up, down, onMove }: CardProps) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const others = stages.filter((stage) => !stage.retired && stage.id !== deal.stageId)
  return (
    <span className={css.cardMenu}>
      <Menu
        label={t('deals.menu', { title: deal.title })}
        align="end"
        trigger={(trigger) => (
          <IconButton small label={t('deals.menu', { title: deal.title })} {...trigger}>
            <IconDotsVertical size={16} />
          </IconButton>
        )}
      >
        {(close) => {
          const item = (run: () => void) => () => {
            close()
            run()
          }
          return (
            <>
              <MenuLabel>{t('deals.menu.moveTo')}</MenuLabel>
              {others.map((stage) => (
                <MenuItem key={stage.id} icon={stageIcon(stage)} onSelect={item(() => onMove(deal, topOf(stage.id)))}>
                  <Bidi>{stage.name}</Bidi>
                </MenuItem>
              ))}
              <MenuDivider />
              {up !== undefined && (
                <MenuItem icon={<IconArrowUp size={17} />} onSelect={item(() => onMove(deal, up))}>
                  {t('deals.menu.up')}
                </MenuItem>
              )}
              {down !== undefined && (
                <MenuItem icon={<IconArrowDown size={17} />} onSelect={item(() => onMove(deal, down))}>
                  {t('deals.menu.down')}
                </MenuItem>
              )}
              <MenuItem
                icon={<IconUser size={17} />}
                onSelect={item(() => void navigate({ to: '/contacts/$id', params: { id: deal.contact.id } }))}
              >
                {t('deals.menu.contact')}
              </MenuItem>
              <MenuItem icon={<IconTrash size={17} />} danger onSelect={item(() => void deleteDeal(deal))}>
                {t('deals.menu.delete')}
              </MenuItem>
            </>
          )
        }}
      </Menu>
    </span>
  )
}

function stageIcon({ outcome }: DealStage) {
  if (outcome === 'won') return <IconCircleCheck size={17} className={css.wonIcon} />
  if (outcome === 'lost') return <IconCircleX size={17} className={css.lostIcon} />
  return <IconArrowRight size={17} className="mirror" />
}
