import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Me, Status } from '../../api/wire.ts'
import { useSignOut } from '../commands.ts'
import { HaltBanner } from '../halt/halt-banner.tsx'
import { HaltButton } from '../halt/halt-button.tsx'
import { useKey } from '../keys.ts'
import { Trouble } from '../parts/trouble.tsx'
import { statusQuery } from '../queries.ts'
import { Link, navigate, usePlace, WaitingCount } from '../router.tsx'
import { ConnectionBanner } from './connection.tsx'
import { Account, Surroundings } from './surroundings.tsx'

/** What every page has: where we are, which money it is about, whether it is fresh, and the way to stop. */
export function Frame({ me, children }: { me: Me; children: ReactNode }): ReactNode {
  const { data } = useQuery(statusQuery)
  const status = data?.status
  useKey('L', () => navigate('/limits'))
  useKey('G', () => navigate('/stage'))
  return (
    <WaitingCount value={(status?.awaiting ?? 0) + (status?.alerts ?? 0)}>
      <a
        href="#main"
        className="sr-only z-50 rounded bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-surface print:hidden">
        <div className="mx-auto flex max-w-[90rem] items-center gap-x-4 gap-y-1 px-3 py-2 sm:px-5">
          <Link to="/" className="font-bold whitespace-nowrap" label="Jax Execution, to the queue">
            Jax <span className="hidden font-normal text-soft xl:inline">Execution</span>
          </Link>
          <Nav status={status} />
          <div className="ml-auto flex min-w-0 items-center gap-2 sm:gap-3">
            <Surroundings status={status} />
            <HaltButton />
          </div>
        </div>
        <Account status={status} className="px-3 pb-1.5 text-xs text-soft sm:px-5 lg:hidden" />
      </header>
      <HaltBanner />
      <ConnectionBanner status={status} />
      <main id="main" tabIndex={-1} className="mx-auto max-w-[90rem] px-3 pt-5 pb-24 outline-none sm:px-5 sm:pb-10">
        {children}
      </main>
      <Foot me={me} status={status} />
    </WaitingCount>
  )
}

type Place = { to: string; name: string; count: (status: Status) => number; what: string }

const PLACES: readonly Place[] = [
  { to: '/', name: 'Queue', count: ({ awaiting }) => awaiting, what: 'awaiting approval' },
  { to: '/orders', name: 'Orders', count: ({ openOrders }) => openOrders, what: 'open' },
  { to: '/account', name: 'Account', count: () => 0, what: '' },
  { to: '/limits', name: 'Limits', count: () => 0, what: '' },
  { to: '/activity', name: 'Activity', count: ({ tasks }) => tasks, what: 'tasks' },
  { to: '/approvals', name: 'Approvals', count: () => 0, what: '' },
]

/** Along the top; on a phone at the bottom, where thumbs are. */
function Nav({ status }: { status: Status | undefined }): ReactNode {
  const { path } = usePlace()
  return (
    <nav
      aria-label="Sections"
      className="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] sm:static sm:border-0 sm:pb-0"
    >
      {PLACES.map(({ to, name, count, what }) => {
        const current = path === to || (to === '/' && path === '/signin')
        const number = status === undefined ? 0 : count(status)
        return (
          <Link
            key={to}
            to={to}
            current={current}
            className={`flex min-h-12 flex-1 items-center justify-center gap-1 px-1 text-xs whitespace-nowrap sm:min-h-9 sm:gap-1.5 sm:rounded-md sm:px-2 sm:text-sm lg:px-3 ${
              current ? 'font-bold text-ink sm:bg-sunken' : 'text-soft hover:text-ink'
            }`}
          >
            {name}
            {number === 0 ? null : (
              <span className="rounded-full bg-accent px-1.5 text-xs font-bold text-accent-ink">
                {number}
                <span className="sr-only"> {what}</span>
              </span>
            )}
          </Link>
        )
      })}
    </nav>
  )
}

function Foot({ me, status }: { me: Me; status: Status | undefined }): ReactNode {
  return (
    <footer className="mx-auto flex max-w-[90rem] flex-wrap gap-x-4 gap-y-1 px-3 pb-20 text-xs text-soft sm:px-5 sm:pb-6 print:hidden">
      <span>
        Signed in as <bdi className="text-ink">{me.name}</bdi> ({me.roles.join(', ')})
      </span>
      <Link to="/access" className="underline">
        Your access
      </Link>
      <Link to="/stage" className="underline">
        Stage
      </Link>
      {status === undefined ? null : (
        <span>
          Jax Execution {status.version}, Node {status.node}
        </span>
      )}
      <a href="/docs" className="underline">
        API reference
      </a>
      <SignOut />
    </footer>
  )
}

function SignOut(): ReactNode {
  const signOut = useSignOut()
  return (
    <>
      <button type="button" className="underline" onClick={() => signOut.mutate()}>
        Sign out
      </button>
      {signOut.isError ? <Trouble error={signOut.error} title="Not signed out" /> : null}
    </>
  )
}
