/** The icons of rules and macros. Those that mean a direction get `className="mirror"`. */
export {
  IconAlertTriangle,
  IconArrowDown,
  IconArrowLeft,
  IconArrowUp,
  IconBolt,
  IconCheck,
  IconClock,
  IconFlask,
  IconHandStop,
  IconPlayerPlay,
  IconPlus,
  IconRobot,
  IconSpeakerphone,
  IconTrash,
  IconX,
} from '@tabler/icons-react'
