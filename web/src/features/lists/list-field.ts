import type { ReactNode } from 'react'
import type { FilterField } from '#shared/filter.ts'

/** One of the values a field may have. */
export interface FieldChoice {
  id: string
  name: string
  /** How it looks where it is chosen: a tag on its colour, a colleague with a face. */
  node?: ReactNode
  /** No longer offered, still shown where it is set. */
  retired?: boolean
}

/** A field as lists know it: what it is called, what may be asked of it, whether it can be a column. */
export interface ListField extends Omit<FilterField, 'options'> {
  label: string
  column: boolean
  /** Shown unless its reader chose otherwise. */
  usual: boolean
  /** Its values, where they are few: kinds, users, tags, sources, options. */
  choices?: readonly FieldChoice[]
  /** Of fields that name a contact: the kinds that fit. */
  contactKinds?: readonly ('person' | 'company' | 'lead' | 'visitor')[]
  /** Made by the office. */
  custom?: boolean
}
