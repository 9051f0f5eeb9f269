import type { ReactNode } from 'react'
import { signOf } from '../decimal.ts'
import { Link } from '../router.tsx'
import { SideMark } from './badge.tsx'

/** A symbol that is held, and on which side; its orders are behind it. */
export function HeldSymbol({ symbol, netQty }: { symbol: string; netQty: string }): ReactNode {
  const sign = signOf(netQty)
  return (
    <span className="flex items-center gap-2">
      {sign === 0 ? null : <SideMark side={sign > 0 ? 'Buy' : 'Sell'} word={sign > 0 ? 'Long' : 'Short'} />}
      <Link to={`/orders?symbol=${encodeURIComponent(symbol)}`} className="hover:underline">
        <bdi>{symbol}</bdi>
      </Link>
    </span>
  )
}
