import { type ReactNode, useEffect, useRef } from 'react'
import { useTitle } from '../router.tsx'

/** A page: its heading takes the focus on arrival, so that keyboards and screen readers start at the top of it. */
export function Page({ title, children, aside }: { title: string; children: ReactNode; aside?: ReactNode }): ReactNode {
  useTitle(title)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <h1 ref={heading} tabIndex={-1} className="text-xl font-bold outline-none">
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </>
  )
}
