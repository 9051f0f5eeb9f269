import type { ReactNode } from 'react'
import type { Fill } from '../../api/wire.ts'
import { signOf } from '../decimal.ts'
import { Badge, SideMark } from '../parts/badge.tsx'
import { Figure } from '../parts/figure.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { OfIntent } from '../parts/of-intent.tsx'
import { ROLE } from '../words.ts'

const COLUMNS: readonly Column<Fill>[] = [
  {
    key: 'fill',
    header: 'Fill',
    title: true,
    cell: ({ side, symbol, intentID, role }) => (
      <span className="flex items-center gap-2">
        <SideMark side={side} />
        <OfIntent symbol={symbol} intentID={intentID} role={role} />
      </span>
    ),
  },
  { key: 'role', header: 'Role', cell: ({ role }) => ROLE[role] },
  { key: 'qty', header: 'Quantity', figure: true, cell: ({ lastQty }) => <Figure value={lastQty} /> },
  { key: 'px', header: 'Price', figure: true, cell: ({ lastPx }) => <Figure value={lastPx} /> },
  {
    key: 'commission',
    header: 'Commission',
    figure: true,
    cell: ({ commission }) => <Figure value={commission} />,
    quiet: ({ commission }) => signOf(commission) === 0,
  },
  {
    key: 'kept',
    header: 'Fee in kind',
    figure: true,
    cell: ({ feeQty }) => <Figure value={feeQty ?? null} />,
    quiet: ({ feeQty }) => feeQty === undefined,
  },
  { key: 'at', header: 'When', figure: true, cell: ({ transactTime }) => <Moment at={transactTime} /> },
  {
    key: 'exec',
    header: 'ExecID',
    cell: ({ execID, live }) => (
      <span className="flex flex-wrap items-center justify-end gap-2 sm:justify-start">
        <code className="font-mono text-xs break-all text-soft">{execID}</code>
        {live ? null : <Badge tone="warn">Busted or corrected</Badge>}
      </span>
    ),
  },
]

/** What was really traded, fill by fill. */
export function FillsLedger({ fills }: { fills: readonly Fill[] }): ReactNode {
  return <Ledger caption="Fills" columns={COLUMNS} rows={fills} keyOf={({ seq }) => String(seq)} />
}
