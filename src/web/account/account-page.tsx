import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Account } from '../../api/wire.ts'
import { useNowMs, usePollMs, useSpeed } from '../live.tsx'
import { Facts } from '../parts/facts.tsx'
import { Figure } from '../parts/figure.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { accountQuery, positionsQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { msOf, span } from '../time.ts'
import { PositionsLedger } from './positions-ledger.tsx'

/** Unrealised results move with the market, not with our events. */
const MARK_EVERY_MS = 5_000

/** What is held, how it stands, and what there is to trade with. */
export function AccountPage(): ReactNode {
  const pollMs = Math.min(usePollMs(), MARK_EVERY_MS)
  const account = useQuery({ ...accountQuery, refetchInterval: pollMs })
  const positions = useQuery({ ...positionsQuery, refetchInterval: pollMs })
  return (
    <Page title="Account">
      <div className="grid gap-5">
        <Panel
          title={account.data?.account ?? 'Account'}
          {...(account.data === undefined ? {} : { note: about(account.data) })}
        >
          {account.isPending ? <Skeleton what="the account" /> : null}
          <Unread query={account} what="The account" />
          {account.data === undefined ? null : <Money account={account.data} />}
        </Panel>
        <Panel
          title="Positions"
          aside={
            <Link to="/liquidate" className="text-sm text-soft underline hover:text-ink">
              Close what is held…
            </Link>
          }
        >
          {positions.isPending ? <Skeleton what="positions" lines={4} /> : null}
          <Unread query={positions} what="The positions" />
          {positions.data === undefined ? null : positions.data.items.length === 0 ? (
            <Blank title="Nothing is held." />
          ) : (
            <PositionsLedger positions={positions.data.items} currency={account.data?.currency} />
          )}
        </Panel>
      </div>
    </Page>
  )
}

const about = (account: Account): string =>
  `${account.environment === 'paper' ? 'Paper' : 'Live'} account${account.brokerName === null ? '' : ` ${account.brokerName}`} at ${account.broker}, four-eyes: ${account.fourEyes}, broker says ${account.status}`

/** Figures from the broker older than this are worth a word. */
const OLD_MS = 60_000

function Money({ account }: { account: Account }): ReactNode {
  const ageMs = useNowMs() - msOf(account.at)
  const old = ageMs > OLD_MS * useSpeed()
  const unit = account.currency
  return (
    <div className="grid gap-3">
      <Facts
        tight
        facts={[
          { label: 'Equity', value: <Figure value={account.equity} unit={unit} /> },
          { label: 'Cash', value: <Figure value={account.cash} unit={unit} /> },
          { label: 'Buying power', value: <Figure value={account.buyingPower} unit={unit} /> },
        ]}
      />
      <p className={`text-xs ${old ? 'font-semibold text-warn' : 'text-soft'}`}>
        As the broker said at <Moment at={account.at} />
        {old ? `, ${span(ageMs)} ago` : ''}
      </p>
    </div>
  )
}
