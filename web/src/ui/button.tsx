import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import css from './button.module.css'
import { Tooltip } from './tooltip.tsx'

type Native = ButtonHTMLAttributes<HTMLButtonElement> & { ref?: Ref<HTMLButtonElement> }

interface ButtonProps extends Native {
  /** primary: the one thing to do here; plain: everything else; quiet: inside rows; danger: what cannot be undone. */
  look?: 'primary' | 'plain' | 'quiet' | 'danger'
  icon?: ReactNode
  small?: boolean
  /** Waiting for the server: cannot be pressed again, keeps its size. */
  busy?: boolean
}

export function Button({
  look = 'plain',
  icon,
  small,
  busy,
  children,
  className,
  disabled,
  type,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type ?? 'button'}
      className={[css.button, css[look], small === true && css.small, className].filter(Boolean).join(' ')}
      disabled={disabled === true || busy === true}
      aria-busy={busy === true || undefined}
      {...rest}
    >
      {icon}
      {children !== undefined && <span className="ellipsis">{children}</span>}
    </button>
  )
}

interface IconButtonProps extends Native {
  /** Its name, shown on hover and read aloud. */
  label: string
  keys?: string
  look?: 'quiet' | 'primary'
  pressed?: boolean
  small?: boolean
  children: ReactNode
}

export function IconButton({
  label,
  keys,
  look = 'quiet',
  pressed,
  small,
  children,
  className,
  type,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <button
        type={type ?? 'button'}
        aria-label={label}
        aria-pressed={pressed}
        className={[css.icon, css[look], small === true && css.iconSmall, className].filter(Boolean).join(' ')}
        {...rest}
      >
        {children}
      </button>
    </Tooltip>
  )
}
