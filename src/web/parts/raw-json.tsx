import { type ReactNode, useState } from 'react'

/** The thing itself, for whoever does not trust the drawing. Made only when opened. */
export function RawJson({ title, value }: { title: string; value: unknown }): ReactNode {
  const [open, setOpen] = useState(false)
  return (
    <details
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="min-w-0 text-xs text-soft open:basis-full"
    >
      <summary>{title}</summary>
      {open ? (
        <pre tabIndex={0} className="mt-1 max-h-96 overflow-auto rounded-md bg-sunken p-3 font-mono text-ink">
          {JSON.stringify(value, null, 2)}
        </pre>
      ) : null}
    </details>
  )
}
