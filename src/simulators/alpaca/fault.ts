import { below, type Random, seeded } from '../../values/random.ts'

/**
 * What happens to one request. `before`: the broker never hears of it. `after`: it does all that was asked, and the
 * caller does not learn of it.
 */
export type Fault =
  | { readonly kind: 'drop-before' | 'drop-after' }
  | {
      readonly kind: 'status-before' | 'status-after'
      readonly status: number
      /** Text as it is; anything else as JSON. Absent: what Alpaca or the proxy before it says with that status. */
      readonly body?: unknown
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly kind: 'garbage-before' | 'garbage-after' }
  | { readonly kind: 'hang-before' | 'hang-after' }
  | { readonly kind: 'empty-after' }

export type Rule = {
  /** `GET`, or `*` for any. */
  readonly method: string
  /** A template such as `/v2/orders/{order_id}`, a path, or a pattern for path and query. */
  readonly path: RegExp | string
  /** Of the requests that match from now on, the first to meet it; 1 when left out. */
  readonly nth?: number
  /** How many in a row meet it; 1 when left out. */
  readonly times?: number
  readonly do: Fault
}

export type Chaos = {
  readonly seed: number
  /** The share of requests that meet a fault, from 0 to 1 in thousandths. */
  readonly rate: number
  readonly kinds: readonly Fault[]
  /** Spares what it does not match. */
  readonly path?: RegExp
}

type Seen = { readonly method: string; readonly template: string; readonly path: string; readonly url: string }

/** Decides which requests go wrong: by rule first, then by chance. */
export function faults() {
  const rules: { readonly rule: Rule; seen: number }[] = []
  let chaos: { readonly how: Chaos; dice: Random } | null = null
  const matches = ({ method, path }: Rule, seen: Seen): boolean =>
    (method === '*' || method === seen.method) &&
    (typeof path === 'string' ? path === seen.template || path === seen.path : path.test(seen.url))
  return {
    /** @returns how to take the rule back. */
    on(rule: Rule): () => void {
      const entry = { rule, seen: 0 }
      rules.push(entry)
      return () => void (rules.includes(entry) && rules.splice(rules.indexOf(entry), 1))
    },
    chaos(how: Chaos): void {
      chaos = { how, dice: seeded(how.seed) }
    },
    calm(): void {
      rules.length = 0
      chaos = null
    },
    next(seen: Seen): Fault | null {
      let found: Fault | null = null
      for (const entry of rules.filter((e) => matches(e.rule, seen))) {
        entry.seen++
        const nth = entry.rule.nth ?? 1
        const last = nth + (entry.rule.times ?? 1) - 1
        if (entry.seen >= nth && entry.seen <= last) found ??= entry.rule.do
        if (entry.seen >= last) rules.splice(rules.indexOf(entry), 1)
      }
      return found ?? chance(seen)
    },
  }

  function chance({ url }: Seen): Fault | null {
    if (!chaos || chaos.how.kinds.length === 0 || (chaos.how.path && !chaos.how.path.test(url))) return null
    const [roll, after] = below(chaos.dice, 1000)
    const [pick, dice] = below(after, chaos.how.kinds.length)
    chaos.dice = dice
    return roll < chaos.how.rate * 1000 ? (chaos.how.kinds[pick] ?? null) : null
  }
}
export type Faults = ReturnType<typeof faults>

/** What is said with a status when a test does not say it: by Alpaca, or by the proxy before it. */
export const SAID: Readonly<Record<number, { readonly type: string; readonly body: string }>> = {
  401: { type: 'application/json', body: '{"message":"unauthorized."}' },
  403: { type: 'application/json', body: '{"message":"forbidden."}' },
  429: { type: 'application/json', body: '{"message":"too many requests."}' },
  500: { type: 'application/json', body: '{"message":"Internal Server Error"}' },
  502: { type: 'text/html', body: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n' },
  503: { type: 'text/html', body: '<html><head><title>503 Service Temporarily Unavailable</title></head></html>\n' },
  504: { type: 'text/plain', body: 'backend request timeout' },
}
