/**
 * What happens in one simulated world, as data: written down it is a script that people read, replay and shorten.
 * Everything that is left to chance while it runs (how long a reply takes, which of two arrives first) depends on
 * `world.seed` and on the thing itself, never on how many draws were made before: a plan with fewer items runs the rest
 * as before.
 */
export type Plan = { readonly world: WorldSetting; readonly items: readonly Item[] }

export type WorldSetting = {
  readonly seed: number
  /** RFC 3339: the moment at which the world begins. */
  readonly start: string
  /** How long people, market and faults go on; afterwards everything is left to calm down. */
  readonly lastsMs: number
  readonly broker: BrokerName
  readonly store: 'memory' | 'file'
  readonly limits: LimitsName
  /** Who must say yes to what when it begins. */
  readonly policy: PolicyName
}

/**
 * `wide` and `tight` are of the rules of the gate alone: of `tight` two orders in one symbol do not fit. Of the others each
 * adds risk limits of the account, which people may change.
 */
export type LimitsName = 'wide' | 'tight' | 'turnover' | 'positions' | 'losses' | 'repeats' | 'soft' | 'symbols'

/** `two`: two people to every order; `large-two`: to the larger ones; `armed`: much may go without a person. */
export type PolicyName = 'first' | 'two' | 'large-two' | 'armed'

/** The brokers of the simulation differ in what they can do and in what their silence proves. */
export type BrokerName = 'bare' | 'brackets' | 'pairs' | 'sleeping-legs' | 'coins'

/** When an item happens: a while after the start, or just when the gateway does something for the n-th time. */
export type When = { readonly atMs: number } | { readonly on: Point; readonly n: number }
/**
 * `commit` counts those that wrote to the journal; `send` and `cancel` what the broker is asked to do, `read` what it is
 * asked about its books and `market` about prices, rules and hours; `report` what it says by itself.
 */
export type Point = 'commit' | 'send' | 'cancel' | 'read' | 'market' | 'report'

/** One line of a script: `at 12.500 signal I1 BUY AAPL entry=190.10`, or `on send 3 lost-booked`. */
export type Item = {
  readonly when: When
  readonly verb: string
  readonly words: readonly string[]
  readonly named: Readonly<Record<string, string>>
}

/** One item as a line for people. */
export function lineOf({ when, verb, words, named }: Item): string {
  const at = 'on' in when ? `on ${when.on} ${when.n}` : `at ${(when.atMs / 1_000).toFixed(3)}`
  return [at, verb, ...words, ...Object.entries(named).map(([name, value]) => `${name}=${value}`)].join(' ')
}
