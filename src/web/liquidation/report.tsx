import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Liquidation } from '../../api/wire.ts'
import { trimmed } from '../decimal.ts'
import { ReleaseSheet } from '../halt/halt-banner.tsx'
import { Action } from '../parts/action.tsx'
import { Facts } from '../parts/facts.tsx'
import { Figure, Nothing } from '../parts/figure.tsx'
import { HeldSymbol } from '../parts/held.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { haltQuery } from '../queries.ts'
import { utcTime } from '../time.ts'
import { Left, limitsInWords } from './running.tsx'

type ReportLine = NonNullable<Liquidation['report']>[number]

/** How the last one ended: for whoever decides next, and for the file. */
export function Report({ last }: { last: Liquidation }): ReactNode {
  const { data: halt } = useQuery(haltQuery)
  const [releasing, setReleasing] = useState(false)
  const { state, report } = last
  const isHalted = halt?.halts.some(({ scope }) => scope === 'global') ?? false
  const left = (report ?? []).filter(({ why }) => why !== null)
  return (
    <Panel
      title={state === 'Stopped' ? 'The last liquidation was stopped' : 'Report of the last liquidation'}
      note={<code className="font-mono text-xs">{last.liquidationID}</code>}
      aside={
        <span className="flex flex-wrap gap-2">
          <Action onPress={() => window.print()}>Print</Action>
          {isHalted ? (
            <Action look="plain-danger" onPress={() => setReleasing(true)}>
              Release the halt…
            </Action>
          ) : null}
        </span>
      }
    >
      {state === 'Stopped' ? (
        <p className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          Stopped by <bdi className="font-semibold">{last.stoppedBy}</bdi>: “<bdi>{last.stoppedWhy}</bdi>”. What was not
          closed by then is still held, with its stops.
        </p>
      ) : left.length === 0 ? (
        <p className="rounded-md bg-good-wash px-3 py-2 text-sm text-good">
          <strong>Flat.</strong> A reading of the broker after the last trade shows nothing held of it.
        </p>
      ) : (
        <p className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          <strong>Over, but something is left or differs:</strong> {left.map(({ symbol }) => symbol).join(', ')}.
        </p>
      )}
      <Facts facts={factsOf(last)} />
      <p className="text-sm">
        <span className="text-soft">Reason: </span>“<bdi className="whitespace-pre-wrap">{last.reason}</bdi>”
      </p>
      {report === null ? null : report.length === 0 ? (
        <Blank title="Nothing was held, and nothing is." />
      ) : (
        <>
          <Ledger caption="What became of it" columns={COLUMNS} rows={report} keyOf={({ symbol }) => symbol} />
          <p className="text-xs text-soft">
            Held is what the broker held when it was first read. What is neither closed nor left was traded by an order
            of before, such as a stop while it was being canceled.
          </p>
        </>
      )}
      {isHalted ? <p className="text-sm text-soft">Trading stays halted until people release it.</p> : null}
      <ReleaseSheet halt={halt} scope={releasing ? 'global' : null} onClose={() => setReleasing(false)} />
    </Panel>
  )
}

const factsOf = ({ account, currency, by, startedAt, endedAt, symbols, market, collarBps }: Liquidation) => [
  { label: 'Account', value: account, ...(currency === null ? {} : { note: currency }) },
  { label: 'Begun by', value: <bdi>{by}</bdi>, note: date(startedAt) },
  { label: 'Over at', value: endedAt === null ? <Nothing /> : <Moment at={endedAt} />, note: date(endedAt) },
  { label: 'About', value: symbols === null ? 'Everything' : symbols.join(', ') },
  {
    label: 'Price',
    value: market ? 'At the market' : 'Limits',
    note: market ? 'allowed while it ran' : limitsInWords(collarBps),
  },
]
/** With its day, for whoever reads it on paper. */
const date = (at: string | null): string => (at === null ? '' : utcTime(at).replace(/\.\d+/, ''))

const COLUMNS: readonly Column<ReportLine>[] = [
  {
    key: 'symbol',
    header: 'Symbol',
    title: true,
    cell: ({ symbol, heldQty }) => <HeldSymbol symbol={symbol} netQty={heldQty} />,
  },
  { key: 'held', header: 'Held', figure: true, cell: ({ heldQty }) => <Figure value={heldQty} /> },
  { key: 'closed', header: 'Closed', figure: true, cell: ({ closedQty }) => <Figure value={closedQty} /> },
  {
    key: 'average',
    header: 'Average',
    figure: true,
    cell: ({ avgPx }) => <Figure value={avgPx === null ? null : trimmed(avgPx)} />,
  },
  { key: 'left', header: 'Left', figure: true, cell: ({ leftQty }) => <Left qty={leftQty} /> },
  { key: 'why', header: 'Why', quiet: ({ why }) => why === null, cell: ({ why }) => why ?? <Nothing /> },
]
