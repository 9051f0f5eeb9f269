import { HALT_LEVELS } from '../../src/orders/halt.ts'
import type { Point, PolicyName } from './plan.ts'

/** What may stand in one place of a line: one of a few words, or anything that looks like it should. */
export type Kind = readonly string[] | { readonly looks: RegExp; readonly what: string }

/** What stands after one word for what happens. */
export type Verb = {
  /** In this order; those in `more` may be left out. */
  readonly words?: readonly Kind[]
  readonly more?: readonly Kind[]
  /** Names that must be there, and those that may. */
  readonly needs?: Readonly<Record<string, Kind>>
  readonly takes?: Readonly<Record<string, Kind>>
  /** One of these names must be there. */
  readonly either?: readonly string[]
  /** First word → the names that it cannot do without. */
  readonly needsFor?: Readonly<Record<string, readonly string[]>>
}

export const PEOPLE = ['ana', 'bo', 'rik', 'tom', 'ad', 'vi'] as const
export const SYMBOLS = ['AAPL', 'MSFT', 'BTC/USD'] as const
const WHO = [...PEOPLE, 'jax']
const YES_NO = ['yes', 'no']
/** What a halt may stop; all ideas of a world are of the strategy `simulation`. */
export const SCOPES = [
  'global',
  ...SYMBOLS.map((symbol) => `symbol:${symbol}`),
  'strategy:simulation',
  'strategy:another',
]
const POLICY: readonly PolicyName[] = ['first', 'two', 'large-two', 'armed']
const GOVERNED = { takes: { by: WHO, agree: WHO, after: { looks: /^\d+(\.\d+)?$/, what: 'seconds such as 2.5' } } }
const TOLD = { told: YES_NO }

const INTENT: Kind = { looks: /./s, what: 'the name of an intent such as I1' }
const SECONDS: Kind = { looks: /^\d+(\.\d+)?$/, what: 'seconds such as 2.5' }
const AHEAD_OR_BACK: Kind = { looks: /^-?\d+(\.\d+)?$/, what: 'seconds such as 7 or -0.5' }
const MS: Kind = { looks: /^\d+$/, what: 'milliseconds such as 6000' }
const BEFORE_OR_AFTER: Kind = { looks: /^-?\d+$/, what: 'milliseconds such as 400 or -600' }
const PPM: Kind = { looks: /^-?\d+$/, what: 'millionths such as 300 or -500' }
const PERCENT: Kind = { looks: /^-?\d+(\.\d+)?$/, what: 'per cent such as 1.5 or -2' }
const CENTS: Kind = { looks: /^-?\d+$/, what: 'cents such as 5 or -40' }
const PRICE: Kind = { looks: /^\d+(\.\d+)?$/, what: 'a price such as 190.10' }
const SIZE: Kind = { looks: /^\d+(\.\d+)?$/, what: 'a size such as 5 or 0.01' }
const SHARE: Kind = { looks: /^\d+(\.\d+)?$/, what: 'a part such as 0.5' }
const COUNT: Kind = { looks: /^[1-9]\d*$/, what: 'a count from 1' }

const SPELL: Verb = { needs: { for: SECONDS } }
const STILL: Verb = { words: [SYMBOLS], needs: { for: SECONDS } }
const VOTE: Verb = { words: [INTENT], needs: { by: WHO, after: SECONDS } }
const PROPOSED = {
  needs: { entry: PRICE, stop: PRICE },
  takes: { target: PRICE, type: ['LMT', 'MKT'], tif: ['DAY', 'GTC'], lasts: SECONDS, from: WHO },
}

/** What people, the machine, the line and the market do: it stands after `at` and after `on`. */
export const VERBS: Readonly<Record<string, Verb>> = {
  signal: { words: [INTENT, ['BUY', 'SELL', 'HOLD'], SYMBOLS], ...PROPOSED },
  order: {
    words: [INTENT, ['BUY', 'SELL', 'HOLD'], SYMBOLS],
    needs: { ...PROPOSED.needs, qty: SIZE },
    takes: PROPOSED.takes,
  },
  again: { words: [INTENT], takes: { from: WHO } },
  twist: { words: [INTENT], takes: { from: WHO } },
  approve: {
    words: [INTENT],
    needs: { by: WHO },
    takes: {
      after: SECONDS,
      end: BEFORE_OR_AFTER,
      shows: ['old', 'wrong'],
      times: COUNT,
      via: ['slack', 'passkey'],
      user: PEOPLE,
    },
    either: ['after', 'end'],
  },
  decline: VOTE,
  withdraw: {
    words: [INTENT],
    needs: { after: SECONDS },
    takes: { by: WHO, at: ['received', 'ticketed', 'approved', 'promised', 'accepted', 'filled'] },
  },
  reprice: VOTE,
  cancel: VOTE,
  'cancel-stop': VOTE,
  replace: { ...VOTE, takes: { cents: CENTS, share: SHARE } },
  halt: { takes: { by: WHO, scope: SCOPES, level: HALT_LEVELS } },
  'halt-at': {
    words: [INTENT],
    takes: {
      at: ['received', 'ticketed', 'approved', 'promised', 'accepted', 'filled'],
      after: SECONDS,
      scope: SCOPES,
      level: HALT_LEVELS,
    },
  },
  release: { takes: { by: WHO, scope: SCOPES } },
  haltfile: { words: [['present', 'absent']] },
  reconcile: {},
  'take-in': { words: [SYMBOLS], takes: { by: WHO } },
  'agent-tries': { words: [['release', 'take-in']] },
  disable: { words: [PEOPLE] },
  enable: { words: [PEOPLE] },
  policy: { words: [POLICY], ...GOVERNED },
  limits: { words: [['tighter', 'looser']], ...GOVERNED },
  'approve-all': { needs: { by: WHO } },
  access: { words: [PEOPLE, ['off', 'on', 'no-roles']], ...GOVERNED },
  arm: {
    words: [['simulation', 'another']],
    more: [SYMBOLS],
    needs: { by: WHO, max: SIZE, count: COUNT, for: SECONDS },
  },
  disarm: { takes: { by: WHO } },
  link: { words: [PEOPLE], takes: { user: PEOPLE } },
  passkey: { words: [PEOPLE] },
  unlink: { words: [PEOPLE], takes: { by: WHO } },

  crash: { takes: { down: SECONDS } },
  clock: { takes: { step: AHEAD_OR_BACK, ppm: PPM }, either: ['step', 'ppm'] },
  disk: { words: [['full', 'slow', 'torn']], takes: { for: SECONDS } },
  second: {},
  stranger: { takes: { for: SECONDS } },

  outage: SPELL,
  throttle: SPELL,
  mute: SPELL,
  slow: SPELL,
  storm: SPELL,
  deaf: SPELL,

  gap: { words: [SYMBOLS, PERCENT] },
  shut: STILL,
  stick: STILL,
  account: { words: [['blocked']], needs: { for: SECONDS } },
  worth: { words: [SIZE] },
  website: {
    words: [['buy', 'sell', 'cancel', 'refuse', 'close', 'replace', 'enlarge'], SYMBOLS],
    takes: { qty: SIZE },
    needsFor: { buy: ['qty'], sell: ['qty'], enlarge: ['qty'] },
  },
  bust: { more: [SYMBOLS], takes: TOLD },
  correct: { more: [SYMBOLS], takes: { ...TOLD, cents: PRICE } },
  'wrong-fill': { words: [['early', 'late', 'over', 'replaced', 'rejected']], takes: { size: ['all', 'lot'] } },
}

const BARE: Verb = {}
const LATER: Verb = { takes: { ms: MS } }
const HANGS = { ms: MS, says: ['yes', 'no', 'nothing'] }
const QUESTION = { fail: BARE, slow: BARE, 'crash-before': BARE, 'crash-answered': BARE }

/** What happens to a step of the gateway itself: it stands after `on` and its point only, and is obeyed there. */
export const STEPS: Readonly<Record<Point, Readonly<Record<string, Verb>>>> = {
  commit: { 'crash-before': BARE, 'crash-after': BARE, full: BARE, torn: BARE, 'torn-written': BARE },
  send: {
    lost: BARE,
    'lost-booked': BARE,
    late: LATER,
    throw: BARE,
    'throw-booked': BARE,
    'crash-before': BARE,
    'crash-booked': BARE,
    twice: BARE,
    slow: LATER,
    reject: BARE,
    'reject-later': LATER,
    queued: { needs: { ms: MS } },
    hang: { takes: { ...HANGS, booked: YES_NO } },
    'no-booked': BARE,
    silent: BARE,
    'no-legs': BARE,
    'legs-later': BARE,
    unlisted: LATER,
  },
  cancel: {
    lost: BARE,
    'lost-done': BARE,
    late: LATER,
    throw: BARE,
    'throw-done': BARE,
    'crash-before': BARE,
    'crash-done': BARE,
    slow: LATER,
    reject: BARE,
    taken: BARE,
    hang: { takes: { ...HANGS, done: YES_NO } },
  },
  read: QUESTION,
  market: QUESTION,
  report: { drop: BARE, late: LATER, twice: BARE, 'crash-before': BARE },
}

/** Every word that belongs to a step itself, whichever. */
export const OF_STEPS: ReadonlySet<string> = new Set(Object.values(STEPS).flatMap((verbs) => Object.keys(verbs)))
