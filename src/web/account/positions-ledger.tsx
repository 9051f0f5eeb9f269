import type { ReactNode } from 'react'
import type { Position } from '../../api/wire.ts'
import { exceeds, grouped, signOf, trimmed } from '../decimal.ts'
import { Badge } from '../parts/badge.tsx'
import { Figure, Gain, Nothing } from '../parts/figure.tsx'
import { HeldSymbol } from '../parts/held.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'

type PositionsProps = { positions: readonly Position[]; currency: string | undefined }

export function PositionsLedger({ positions, currency }: PositionsProps): ReactNode {
  const columns: Column<Position>[] = [
    {
      key: 'symbol',
      header: 'Symbol',
      title: true,
      cell: HeldSymbol,
    },
    { key: 'qty', header: 'Quantity', figure: true, cell: ({ netQty }) => <Figure value={netQty} /> },
    {
      key: 'cost',
      header: 'Avg cost',
      figure: true,
      cell: ({ avgCost }) => <Figure value={avgCost === null ? null : trimmed(avgCost)} />,
    },
    { key: 'last', header: 'Last price', figure: true, cell: ({ lastPx }) => <Figure value={lastPx} /> },
    {
      key: 'open',
      header: 'Unrealised',
      figure: true,
      cell: ({ unrealizedPnl }) => <Gain value={unrealizedPnl} unit={currency} />,
    },
    {
      key: 'done',
      header: 'Realised',
      figure: true,
      cell: ({ realizedPnl }) => <Gain value={realizedPnl} unit={currency} />,
    },
    {
      key: 'fees',
      header: 'Commission',
      figure: true,
      cell: ({ commission }) => <Figure value={commission} unit={currency} />,
    },
    { key: 'stop', header: 'Protection', cell: (position) => <Protection position={position} /> },
  ]
  return <Ledger caption="Positions" columns={columns} rows={positions} keyOf={({ symbol }) => symbol} />
}

/** How much of what is held has a stop resting at the broker. */
function Protection({ position: { netQty, protectedQty } }: { position: Position }): ReactNode {
  if (signOf(netQty) === 0) return <Nothing />
  if (signOf(protectedQty) === 0) return <Badge tone="bad">⚠ No stop</Badge>
  const held = netQty.replace('-', '')
  if (exceeds(held, protectedQty))
    return (
      <Badge tone="bad">
        ⚠ Only {grouped(protectedQty)} of {grouped(held)} stopped
      </Badge>
    )
  return <Badge tone="good">✓ All stopped</Badge>
}
