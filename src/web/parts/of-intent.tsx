import type { ReactNode } from 'react'
import type { Role } from '../../api/wire.ts'
import { Link } from '../router.tsx'

/** A symbol that leads to the story of its intent; what other hands ordered has none. */
export function OfIntent({ symbol, intentID, role }: { symbol: string; intentID: string; role: Role }): ReactNode {
  if (role === 'External') return <bdi>{symbol}</bdi>
  return (
    <Link to={`/intents/${encodeURIComponent(intentID)}`} className="hover:underline">
      <bdi>{symbol}</bdi>
    </Link>
  )
}
