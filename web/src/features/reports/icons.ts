export {
  IconAlertTriangle,
  IconArrowDownRight,
  IconArrowUpRight,
  IconChartBar,
  IconFileSpreadsheet,
  IconInfoCircle,
  IconPlayerPause,
  IconPlugConnected,
  IconPlus,
  IconPrinter,
  IconX,
} from '@tabler/icons-react'
