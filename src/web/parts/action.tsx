import { type ReactNode, useId } from 'react'
import { Button } from 'react-aria-components/Button'
import type { Can } from '../../api/wire.ts'
import { list } from '../words.ts'

const SHAPE =
  'inline-flex items-center justify-center gap-2 rounded-md text-sm font-semibold whitespace-nowrap transition-colors disabled:cursor-not-allowed'

const LOOK = {
  primary: 'bg-accent text-accent-ink hover:opacity-90 disabled:bg-sunken disabled:text-soft disabled:opacity-100',
  danger: 'bg-alarm text-alarm-ink hover:opacity-90 disabled:bg-sunken disabled:text-soft disabled:opacity-100',
  plain: 'border border-edge bg-surface text-ink hover:bg-sunken disabled:border-line disabled:text-soft',
  'plain-danger': 'border border-bad bg-surface text-bad hover:bg-bad-wash disabled:border-line disabled:text-soft',
} as const

type ActionProps = {
  children: ReactNode
  onPress?: () => void
  /** Sends the form it stands in. */
  submits?: boolean
  look?: keyof typeof LOOK
  /** Why the button is grey, for those who cannot see it from the text beside it. */
  describedBy?: string
  disabled?: boolean
  busy?: boolean
  autoFocus?: boolean
  /** For rows of a table. */
  small?: boolean
  label?: string
}

export function Action({
  children,
  onPress,
  submits,
  look = 'plain',
  describedBy,
  disabled,
  busy,
  autoFocus,
  small,
  label,
}: ActionProps): ReactNode {
  return (
    <Button
      className={`${SHAPE} ${small ? 'min-h-7 px-2.5' : 'min-h-9 px-3.5'} ${LOOK[look]}`}
      type={submits && !busy ? 'submit' : 'button'}
      // Busy is not disabled: the focus stays, and a second press is ignored. (React Aria's own `isPending` leaves an
      // announcement behind that names a button which may be gone.)
      {...(onPress === undefined || busy ? {} : { onPress })}
      isDisabled={disabled ?? false}
      autoFocus={autoFocus ?? false}
      {...(describedBy === undefined ? {} : { 'aria-describedby': describedBy })}
      {...(label === undefined ? {} : { 'aria-label': label })}
    >
      {children}
      {busy ? (
        <span role="status" className="breathing">
          …<span className="sr-only">working</span>
        </span>
      ) : null}
    </Button>
  )
}

type Choice = {
  key: string
  can: Can
  children: ReactNode
  onPress: () => void
  look?: keyof typeof LOOK
  hidden?: boolean
}

/** Buttons in a row; below them, once, why any of them are grey. */
export function Actions({
  choices,
  busy,
  blocked,
}: {
  choices: Choice[]
  busy?: string | null
  blocked?: string | null
}): ReactNode {
  const id = useId()
  const shown = choices.filter(({ hidden }) => hidden !== true)
  const whys = new Map<string, string[]>()
  for (const { key, can } of shown) {
    const why = blocked ?? (can.ok ? null : can.why)
    if (why !== null) whys.set(why, [...(whys.get(why) ?? []), key])
  }
  const described = [...whys.keys()]
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap gap-2">
        {shown.map(({ key, can, children, onPress, look }) => {
          const why = blocked ?? (can.ok ? null : can.why)
          return (
            <Action
              key={key}
              onPress={onPress}
              disabled={why !== null}
              busy={busy === key}
              {...(look === undefined ? {} : { look })}
              {...(why === null ? {} : { describedBy: `${id}-${described.indexOf(why)}` })}
            >
              {children}
            </Action>
          )
        })}
      </div>
      {described.map((why, i) => (
        <p key={why} id={`${id}-${i}`} className="text-sm text-soft">
          {list(whys.get(why) ?? [])}: {why}
        </p>
      ))}
    </div>
  )
}

/** The key that does the same. For eyes only: screen readers hear the button's name. */
export function Key({ children }: { children: string }): ReactNode {
  return (
    <kbd
      aria-hidden="true"
      className="hidden rounded border border-current px-1 font-mono text-xs font-normal sm:inline"
    >
      {children}
    </kbd>
  )
}
