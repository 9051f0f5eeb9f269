import type { ReactNode } from 'react'

/** Text that a program wrote and nobody vouches for: shown as it is, labelled, never as anything but text. */
export function AgentText({ children }: { children: string }): ReactNode {
  return (
    <figure className="rounded-md border border-dashed border-edge px-3 py-2">
      <figcaption className="text-xs text-soft">Written by the agent</figcaption>
      <blockquote className="mt-1 max-h-48 overflow-y-auto text-sm whitespace-pre-wrap" dir="auto" tabIndex={0}>
        {children === '' ? 'Nothing.' : children}
      </blockquote>
    </figure>
  )
}
