import type { ReactNode } from 'react'
import { Nothing } from '../parts/figure.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import type { Line } from './policy.ts'

const COLUMNS: readonly Column<Line>[] = [
  { key: 'what', header: 'What', title: true, cell: ({ what }) => <bdi>{what}</bdi> },
  {
    key: 'before',
    header: 'Before',
    cell: ({ before }) =>
      before === null ? (
        <Nothing />
      ) : (
        <del className="rounded bg-bad-wash px-1 text-bad decoration-1">
          <bdi>{before}</bdi>
        </del>
      ),
  },
  {
    key: 'after',
    header: 'After',
    cell: ({ after }) =>
      after === null ? (
        <span className="text-soft">gone</span>
      ) : (
        <ins className="rounded bg-good-wash px-1 text-good no-underline">
          <bdi>{after}</bdi>
        </ins>
      ),
  },
]

/** Before and after, side by side: what goes is struck out, what comes is marked, and both are said in words too. */
export function DiffTable({ lines }: { lines: readonly Line[] }): ReactNode {
  return <Ledger caption="Before and after" columns={COLUMNS} rows={lines} keyOf={({ what }) => what} />
}
