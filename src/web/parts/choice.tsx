import { type ReactNode, useId } from 'react'

type Option<T extends string> = { readonly value: T; readonly name: string }
type ChoiceProps<T extends string> = {
  label: string
  value: T
  options: readonly Option<T>[]
  onChange: (value: T) => void
  hint?: string
  /** The label beside the list, and smaller: for the head of a panel. */
  beside?: boolean
}

/** One of a few: the browser's own list, which every phone and screen reader knows. */
export function Choice<T extends string>({ label, value, options, onChange, hint, beside }: ChoiceProps<T>): ReactNode {
  const id = useId()
  return (
    <div className={beside ? 'flex items-center gap-2' : 'grid min-w-0 content-start gap-1'}>
      <label htmlFor={id} className={beside ? 'text-sm text-soft' : 'text-sm font-semibold'}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          const chosen = options.find((option) => option.value === event.target.value)
          if (chosen !== undefined) onChange(chosen.value)
        }}
        className="h-9 w-full min-w-0 rounded-md border border-edge bg-surface px-2 text-ink"
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.name}
          </option>
        ))}
      </select>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="text-xs text-soft">
          {hint}
        </p>
      )}
    </div>
  )
}

type TickProps = { label: ReactNode; on: boolean; onChange: (on: boolean) => void; disabled?: boolean }

export function Tick({ label, on, onChange, disabled }: TickProps): ReactNode {
  return (
    <label className="flex min-h-8 items-center gap-2 text-sm">
      <input
        type="checkbox"
        checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 accent-(--accent)"
      />
      <span>{label}</span>
    </label>
  )
}
