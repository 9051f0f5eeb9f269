import { createContext, type ReactNode, use, useEffect, useSyncExternalStore } from 'react'

const MOVED = 'jax:moved'

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('popstate', listener)
  window.addEventListener(MOVED, listener)
  return () => {
    window.removeEventListener('popstate', listener)
    window.removeEventListener(MOVED, listener)
  }
}

const here = (): string => location.pathname + location.search

/** Goes to a page of ours. `replace` leaves no entry to come back to. */
export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === here()) return
  const samePage = to.split('?')[0] === location.pathname
  if (how === 'push') history.pushState(null, '', to)
  else history.replaceState(null, '', to)
  window.dispatchEvent(new Event(MOVED))
  if (!samePage) window.scrollTo(0, 0)
}

/** Where we are: the path, and the query as a record. */
export function usePlace(): { path: string; search: URLSearchParams } {
  const url = useSyncExternalStore(subscribe, here)
  const cut = url.indexOf('?')
  return {
    path: cut < 0 ? url : url.slice(0, cut),
    search: new URLSearchParams(cut < 0 ? '' : url.slice(cut)),
  }
}

type LinkProps = { to: string; children: ReactNode; className?: string; label?: string; current?: boolean }

/** An ordinary link, so that middle click, copy and the status bar work; a plain click stays in the page. */
export function Link({ to, children, className, label, current }: LinkProps): ReactNode {
  return (
    <a
      href={to}
      className={className}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        navigate(to)
      }}
    >
      {children}
    </a>
  )
}

const Waiting = createContext(0)

/** How many orders wait for a person: shown in the title of every page, which is also the label of the tab. */
export const WaitingCount = Waiting.Provider

/** Names the page in the tab. */
export function useTitle(title: string): void {
  const waiting = use(Waiting)
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${title} · Jax Execution`
  }, [title, waiting])
}
