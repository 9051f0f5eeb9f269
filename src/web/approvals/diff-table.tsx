import type { ReactNode } from 'react'
import { Badge } from '../parts/badge.tsx'
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

const DIRECTION: Column<Line> = {
  key: 'tighter',
  header: 'Which is',
  cell: ({ tighter }) =>
    tighter === undefined ? (
      <Nothing />
    ) : (
      <Badge tone={tighter ? 'good' : 'warn'}>{tighter ? 'tighter' : 'looser'}</Badge>
    ),
}

/** Before and after, side by side: what goes is struck out, what comes is marked, and both are said in words too. */
export function DiffTable({ lines }: { lines: readonly Line[] }): ReactNode {
  const columns = lines.some(({ tighter }) => tighter !== undefined) ? [...COLUMNS, DIRECTION] : COLUMNS
  return <Ledger caption="Before and after" columns={columns} rows={lines} keyOf={({ what }) => what} />
}
