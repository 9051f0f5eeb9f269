import type { ReactNode } from 'react'
import type { LiquidationLine, LiquidationPlan } from '../../api/wire.ts'
import { grouped, signOf } from '../decimal.ts'
import { Badge } from '../parts/badge.tsx'
import { Figure, Nothing } from '../parts/figure.tsx'
import { HeldSymbol } from '../parts/held.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { orderInWords, ROLE } from '../words.ts'
import { heldQty, sessionInWords, STEP } from './words.ts'

/** What would be canceled and closed: nothing is done by looking at it. */
export function Plan({ plan: { lines, currency, readAt } }: { plan: LiquidationPlan }): ReactNode {
  return (
    <Panel
      title="What would be closed"
      note={
        <>
          Nothing is done yet. The most that is at stake comes first
          {readAt === null ? (
            '; the broker was not read yet.'
          ) : (
            <>
              ; the broker was read at <Moment at={readAt} />.
            </>
          )}
        </>
      }
    >
      {lines.length === 0 ? (
        <Blank title="Nothing is held, and no order is open." />
      ) : (
        <Ledger caption="The plan" columns={columnsIn(currency)} rows={lines} keyOf={({ symbol }) => symbol} />
      )}
    </Panel>
  )
}

const columnsIn = (currency: string | null): readonly Column<LiquidationLine>[] => [
  {
    key: 'symbol',
    header: 'Symbol',
    title: true,
    cell: (line) => <HeldSymbol symbol={line.symbol} netQty={heldQty(line)} />,
  },
  {
    key: 'held',
    header: 'Held',
    figure: true,
    cell: (line) => (
      <>
        <Figure value={heldQty(line)} />
        {line.netQty === null ? <span className="block text-xs text-warn">by our book</span> : null}
      </>
    ),
  },
  {
    key: 'worth',
    header: 'Worth',
    figure: true,
    cell: ({ worth }) => <Figure value={worth} unit={currency ?? undefined} />,
  },
  { key: 'spread', header: 'Spread', figure: true, cell: (line) => <Spread line={line} /> },
  { key: 'market', header: 'Market', cell: (line) => <Session line={line} /> },
  {
    key: 'cancels',
    header: 'Canceled first',
    quiet: ({ cancels }) => cancels.length === 0,
    cell: (line) => <Cancels line={line} />,
  },
  { key: 'step', header: 'Then', cell: (line) => <Standing line={line} /> },
]

/** How far apart bid and ask are, and whether a limit can be set by them. */
export function Spread({ line: { bid, ask, spreadBps, quoteFresh, quoteAt } }: { line: LiquidationLine }): ReactNode {
  if (bid === null || ask === null) return <Nothing />
  return (
    <span className="whitespace-nowrap">
      {spreadBps === null ? null : `${grouped(spreadBps)} bps`}
      <span className="block text-xs text-soft">
        {grouped(bid)} / {grouped(ask)}
      </span>
      {quoteFresh || quoteAt === null ? null : (
        <span className="block text-xs text-warn">
          old: <Moment at={quoteAt} relative />
        </span>
      )}
    </span>
  )
}

const Session = ({ line }: { line: LiquidationLine }): ReactNode => (
  <span className={line.marketOpen === true ? '' : 'text-warn'}>{sessionInWords(line)}</span>
)

function Cancels({ line: { symbol, cancels } }: { line: LiquidationLine }): ReactNode {
  if (cancels.length === 0) return <Nothing />
  return (
    <details>
      <summary className="whitespace-nowrap">
        {cancels.length} {cancels.length === 1 ? 'order' : 'orders'}
        <span className="sr-only"> in {symbol}</span>
      </summary>
      <ul className="mt-1 grid gap-1 text-xs">
        {cancels.map(({ clOrdID, role, terms }) => (
          <li key={clOrdID}>
            <span className="text-soft">{ROLE[role]}:</span> {orderInWords(terms)}
          </li>
        ))}
      </ul>
    </details>
  )
}

/** A word for the eye, and the gateway's own sentence. */
export function Standing({ line: { step, text, netQty, bookQty } }: { line: LiquidationLine }): ReactNode {
  const { label, tone } = STEP[step]
  const nothing = step === 'Flat' && signOf(netQty ?? bookQty) === 0
  return (
    <span className="grid justify-items-end gap-1 min-[52rem]:justify-items-start">
      <Badge tone={tone}>{label}</Badge>
      {nothing ? null : <span className="max-w-md text-xs">{text}</span>}
    </span>
  )
}
