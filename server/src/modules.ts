import type { Module } from './platform/app.ts'
import { filesModule } from './platform/files.routes.ts'
import { systemModule } from './platform/system.routes.ts'
import { orgModule } from './org/index.ts'
import { crmModule } from './crm/index.ts'
import { exchangeModule } from './exchange/index.ts'
import { salesModule } from './sales/index.ts'
import { conversationsModule } from './conversations/index.ts'
import { workModule } from './work/index.ts'
import { outreachModule } from './outreach/index.ts'
import { insightModule } from './insight/index.ts'

/** In the order in which they may import each other: to the left only. The boundary test reads `MODULE_ORDER`. */
export const MODULE_ORDER = [
  'platform',
  'org',
  'crm',
  'exchange',
  'sales',
  'conversations',
  'work',
  'outreach',
  'insight',
] as const
export const modules: Module[] = [
  filesModule,
  systemModule,
  orgModule,
  crmModule,
  exchangeModule,
  salesModule,
  conversationsModule,
  workModule,
  outreachModule,
  insightModule,
]
