import type { HaltLevel } from '../../api/wire.ts'

/** Seconds matter when somebody reaches for it: the reason is there already and may be replaced. */
export const REASON = 'Stopped by hand from the dashboard'

/** What each level does, in one sentence; the same on every screen. */
export const LEVELS: Readonly<Record<HaltLevel, string>> = {
  K1: 'No new order of this one leaves, and what waits of it is withdrawn; what works at the broker stays.',
  K2: 'Nothing that opens or enlarges a position leaves; what waits goes on waiting, and what works at the broker stays.',
  K3: 'Stops the same orders as K2, and tells whoever reads it that this is an incident and no pause.',
  K4: 'No new order leaves, and open entries are canceled at the broker; stops and targets of what is held stay.',
}

/** A part of trading, which goes on otherwise. */
export const isPart = (scope: string): boolean => /^(symbol|strategy):/.test(scope)

/** `All trading`, `AAPL`, `Strategy trend`, `Account paper:sim:1`: what is halted; in small letters within a sentence. */
export function haltedInWords(scope: string, where: 'first' | 'within' = 'first'): string {
  const at = scope.indexOf(':')
  const [kind, name] = at < 0 ? ['all', 'trading'] : [scope.slice(0, at), scope.slice(at + 1)]
  if (kind === 'symbol') return name
  return `${where === 'first' ? kind.slice(0, 1).toUpperCase() + kind.slice(1) : kind} ${name}`
}
