export {
  IconArrowLeft,
  IconArrowsExchange,
  IconArrowsJoin,
  IconCheck,
  IconRefresh,
  IconUsers,
  IconUsersGroup,
  IconX,
} from '@tabler/icons-react'
