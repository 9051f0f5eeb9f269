import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { AccessPage } from './access/access-page.tsx'
import { AccountPage } from './account/account-page.tsx'
import { ActivityPage } from './activity/activity-page.tsx'
import { ApprovalsPage } from './approvals/approvals-page.tsx'
import { Frame } from './frame/frame.tsx'
import { carryToken, isSignedOut } from './http.ts'
import { LimitsPage } from './limits/limits-page.tsx'
import { LiquidationPage } from './liquidation/liquidation-page.tsx'
import { LiveProvider } from './live.tsx'
import { OrdersPage } from './orders/orders-page.tsx'
import { Page } from './parts/page.tsx'
import { Blank, Skeleton } from './parts/panel.tsx'
import { Trouble } from './parts/trouble.tsx'
import { meQuery } from './queries.ts'
import { QueuePage } from './queue/queue-page.tsx'
import { Link, usePlace } from './router.tsx'
import { useCodeFromLink } from './signin/code.ts'
import { SignInPage } from './signin/signin-page.tsx'
import { StagePage } from './stage/stage-page.tsx'
import { StoryPage } from './story/story-page.tsx'

/** Signed in or not, and which page. */
export function App(): ReactNode {
  const { path } = usePlace()
  const [code, spendCode] = useCodeFromLink()
  const me = useQuery({ ...meQuery, retryDelay: 2_000 })
  if (!me.isFetched) return <Centered>{<Skeleton what="the dashboard" lines={5} />}</Centered>
  if (me.data === undefined || code !== null || isSignedOut(me.error)) {
    if (me.isError && !isSignedOut(me.error)) return <Unreachable error={me.error} retry={() => void me.refetch()} />
    return <SignInPage code={code} from={path === '/signin' ? '/' : undefined} onDone={spendCode} />
  }
  carryToken(me.data.csrf)
  return (
    <LiveProvider>
      <Frame me={me.data}>
        <Room path={path} />
      </Frame>
    </LiveProvider>
  )
}

function Room({ path }: { path: string }): ReactNode {
  const intentID = /^\/intents\/([^/]+)$/.exec(path)?.[1]
  if (intentID !== undefined) return <StoryPage key={intentID} intentID={decodeURIComponent(intentID)} />
  switch (path) {
    case '/':
    case '/signin':
      return <QueuePage />
    case '/orders':
      return <OrdersPage />
    case '/account':
      return <AccountPage />
    case '/activity':
      return <ActivityPage />
    case '/limits':
      return <LimitsPage />
    case '/stage':
      return <StagePage />
    case '/liquidate':
      return <LiquidationPage />
    case '/approvals':
      return <ApprovalsPage />
    case '/access':
      return <AccessPage />
    default:
      return (
        <Page title="No such page">
          <Blank title={`There is nothing at ${path}.`}>
            <p>
              <Link to="/" className="text-accent underline">
                Go to the queue
              </Link>
            </p>
          </Blank>
        </Page>
      )
  }
}

function Centered({ children }: { children: ReactNode }): ReactNode {
  return <main className="mx-auto grid min-h-dvh max-w-md content-center gap-4 p-4">{children}</main>
}

function Unreachable({ error, retry }: { error: unknown; retry: () => void }): ReactNode {
  return (
    <Centered>
      <h1 className="text-xl font-bold">Jax Execution</h1>
      <Trouble error={error} title="The gateway cannot be reached" />
      <p className="text-sm text-soft">
        Is it running? On its machine, <code className="font-mono">jax-exec status</code> answers without this page, and{' '}
        <code className="font-mono">jax-exec halt</code> stops trading without it too.
      </p>
      <button type="button" className="h-9 rounded-md bg-accent px-4 font-semibold text-accent-ink" onClick={retry}>
        Try again
      </button>
    </Centered>
  )
}
