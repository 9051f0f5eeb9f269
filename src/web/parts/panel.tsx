import { type ReactNode, useId } from 'react'

type PanelProps = { title: string; children: ReactNode; aside?: ReactNode; note?: ReactNode }

/** A titled part of a page. */
export function Panel({ title, children, aside, note }: PanelProps): ReactNode {
  const id = useId()
  return (
    <section aria-labelledby={id} className="min-w-0 rounded-lg border border-line bg-surface">
      <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-4 py-2.5">
        <div>
          <h2 id={id} className="font-semibold">
            {title}
          </h2>
          {note === undefined ? null : <p className="text-sm text-soft">{note}</p>}
        </div>
        {aside}
      </header>
      <div className="grid grid-cols-1 gap-3 p-4">{children}</div>
    </section>
  )
}

/** Nothing here, and what would change that. */
export function Blank({ title, children }: { title: string; children?: ReactNode }): ReactNode {
  return (
    <div className="grid justify-items-start gap-2 py-2">
      <p className="font-semibold">{title}</p>
      {children === undefined ? null : <div className="grid max-w-full gap-2 text-sm text-soft">{children}</div>}
    </div>
  )
}

/** The place of something that is being fetched. */
export function Skeleton({ lines = 3, what }: { lines?: number; what: string }): ReactNode {
  return (
    <div role="status" className="grid gap-3 py-1">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span
          key={i}
          aria-hidden="true"
          className={`breathing block h-4 rounded bg-sunken ${i % 3 === 2 ? 'w-2/3' : 'w-full'}`}
        />
      ))}
    </div>
  )
}
