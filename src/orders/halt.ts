import { type AccountID, isSymbol } from '../values/brand.ts'
import type { Instant } from '../values/instant.ts'
import type { Proposal } from './proposal.ts'

/** What a halt stops: everything, or all orders of one symbol, strategy, account or broker. */
export type HaltScope = 'global' | `${(typeof NARROW)[number] | (typeof WIDE)[number]}:${string}`
/** Stops a part of what an account does: what waits for a person is taken back at once. */
const NARROW = ['symbol', 'strategy'] as const
const WIDE = ['account', 'broker'] as const

/**
 * How far it goes; the later includes the earlier. K1 stops one symbol or strategy. K2 and K3 stop all that opens or enlarges:
 * two names for it, a pause and an incident. K4 takes back what works at the broker, too. Exits and stops go on in each.
 */
export const HALT_LEVELS = ['K1', 'K2', 'K3', 'K4'] as const
export type HaltLevel = (typeof HALT_LEVELS)[number]

export type HaltState = {
  readonly by: string
  readonly reason: string
  /** When it was engaged, or raised to this level. */
  readonly since: Instant
  readonly scope: HaltScope
  readonly level: HaltLevel
}

/** What a halt may be about. Null scopes are of what has none: an arming is of a strategy, and of no symbol. */
export type Stoppable = {
  readonly account: AccountID
  readonly symbol: string | null
  readonly strategyID: string | null
}
export const stoppable = (account: AccountID, { symbol, strategyID }: Pick<Proposal, 'symbol' | 'strategyID'>) => ({
  account,
  symbol,
  strategyID,
})

export const isNarrow = (scope: HaltScope): boolean => NARROW.some((kind) => scope.startsWith(`${kind}:`))
/** Whether it takes back what works at the broker. */
export const cancels = ({ level }: Pick<HaltState, 'level'>): boolean => level === 'K4'
export const isHigher = (a: HaltLevel, b: HaltLevel): boolean => HALT_LEVELS.indexOf(a) > HALT_LEVELS.indexOf(b)

/** A symbol must be one that an order could have: a halt of `aapl` would stop nothing, and look as if it did. */
export function isScope(text: string): text is HaltScope {
  if (text.startsWith('symbol:')) return isSymbol(text.slice('symbol:'.length))
  return text === 'global' || [...NARROW, ...WIDE].some((kind) => text.startsWith(`${kind}:`) && text !== `${kind}:`)
}

/**
 * The level that a halt of this scope gets. One that is not for such a scope becomes the next that is: whoever stops
 * something in a hurry is never told to look it up first.
 */
export function levelFor(scope: HaltScope, asked?: HaltLevel): HaltLevel {
  if (isNarrow(scope)) return asked === undefined || asked === 'K1' ? 'K1' : 'K4'
  return asked === 'K1' ? 'K2' : (asked ?? 'K4')
}

/** Whether it is a part of what this halt stops. */
export function isStopped({ scope }: Pick<HaltState, 'scope'>, { account, symbol, strategyID }: Stoppable): boolean {
  const names: Readonly<Record<string, string | null | undefined>> = {
    symbol,
    strategy: strategyID,
    account,
    broker: account.split(':')[1],
  }
  const at = scope.indexOf(':')
  return scope === 'global' || names[scope.slice(0, at)] === scope.slice(at + 1)
}

/** The furthest of all halts that stop it; null when it may go. Of two alike the earlier. */
export function haltOf(halts: readonly HaltState[], what: Stoppable): HaltState | null {
  let worst: HaltState | null = null
  for (const halt of halts)
    if (
      isStopped(halt, what) &&
      (!worst || isHigher(halt.level, worst.level) || (halt.level === worst.level && halt.since < worst.since))
    )
      worst = halt
  return worst
}
/** What stops the account as a whole. */
export const ofAll = (account: AccountID): Stoppable => ({ account, symbol: null, strategyID: null })

/** The halts that hold, of records that outlive their release. */
export const statesOf = (rows: readonly { readonly state: HaltState | null }[]): readonly HaltState[] =>
  rows.flatMap(({ state }) => (state ? [state] : []))

/** `Trading`, `Trading of AAPL`, `Trading of the strategy trend`: what is halted, at the beginning of a sentence. */
export function tradingIn(scope: HaltScope): string {
  const at = scope.indexOf(':')
  const [kind, name] = [scope.slice(0, at), scope.slice(at + 1)]
  return scope === 'global' ? 'Trading' : `Trading of ${kind === 'symbol' ? name : `the ${kind} ${name}`}`
}
