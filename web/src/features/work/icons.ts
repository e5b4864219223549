export {
  IconAlertTriangle,
  IconArchive,
  IconArrowBackUp,
  IconCheck,
  IconChecklist,
  IconClipboardList,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react'
