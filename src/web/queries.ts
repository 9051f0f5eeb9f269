import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type {
  Access,
  Account,
  Approvals,
  ApprovalStatistics,
  Audit,
  Change,
  Drill,
  Event,
  Fill,
  Halt,
  Instrument,
  Intent,
  LimitsNow,
  LimitsPast,
  Liquidation,
  LiquidationPlan,
  Me,
  Order,
  Page,
  Person,
  Position,
  Quote,
  Reconciliation,
  StageNow,
  Status,
  Story,
  Strategy,
  Task,
  Token,
} from '../api/wire.ts'
import { call, query } from './http.ts'

/** What the screens read. The first word of a key is what an event refers to; see `live.tsx`. */

const segment = encodeURIComponent

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call<Me>('GET', '/me', undefined, signal),
  staleTime: Infinity,
})

/** The status, and when it was true: by this machine's clock, half way between question and answer. */
export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: async ({ signal }) => {
    const asked = Date.now()
    const status = await call<Status>('GET', '/status', undefined, signal)
    return { status, readAtMs: (asked + Date.now()) / 2 }
  },
})

export const haltQuery = queryOptions({
  queryKey: ['halt'],
  queryFn: ({ signal }) => call<Halt>('GET', '/halt', undefined, signal),
})

/** Nobody can look at more at once; a longer queue says so. */
const QUEUE_MAX = '100'

export const queueQuery = queryOptions({
  queryKey: ['intents', 'queue'],
  queryFn: ({ signal }) =>
    call<Page<Intent>>('GET', `/intents${query({ state: 'AwaitingApproval', limit: QUEUE_MAX })}`, undefined, signal),
})

export const recentQuery = queryOptions({
  queryKey: ['intents', 'recent'],
  queryFn: ({ signal }) => call<Page<Intent>>('GET', '/intents?limit=40', undefined, signal),
})

export const storyQuery = (intentID: string) =>
  queryOptions({
    queryKey: ['story', intentID],
    queryFn: ({ signal }) => call<Story>('GET', `/intents/${segment(intentID)}/story`, undefined, signal),
  })

export const quoteQuery = (symbol: string) =>
  queryOptions({
    queryKey: ['quote', symbol],
    queryFn: ({ signal }) => call<Quote>('GET', `/quotes/${segment(symbol)}`, undefined, signal),
    staleTime: 0,
    gcTime: 10_000,
  })

/** The broker's rules for a symbol hardly ever change within a day. */
const RULES_MS = 600_000

export const instrumentQuery = (symbol: string) =>
  queryOptions({
    queryKey: ['instrument', symbol],
    queryFn: ({ signal }) => call<Instrument>('GET', `/instruments/${segment(symbol)}`, undefined, signal),
    staleTime: RULES_MS,
  })

export const accountQuery = queryOptions({
  queryKey: ['account'],
  queryFn: ({ signal }) => call<Account>('GET', '/account', undefined, signal),
})

export const positionsQuery = queryOptions({
  queryKey: ['positions'],
  queryFn: ({ signal }) => call<{ items: Position[] }>('GET', '/positions', undefined, signal),
})

export type Filters = Readonly<Record<'open' | 'symbol' | 'from' | 'to', string>>

/** Days as the person sees them, sent as the instants where they begin and end here. */
export function bounds(filters: Filters): Record<string, string | undefined> {
  const start = (day: string, plus: number): string | undefined => {
    const [year, month, date] = day.split('-').map(Number)
    if (year === undefined || month === undefined || date === undefined) return undefined
    return new Date(year, month - 1, date + plus).toISOString()
  }
  return {
    open: filters.open,
    symbol: filters.symbol.trim().toUpperCase(),
    from: filters.from === '' ? undefined : start(filters.from, 0),
    to: filters.to === '' ? undefined : start(filters.to, 1),
  }
}

const PAGE_SIZE = '50'

const paged = <T>(kind: 'orders' | 'fills', filters: Filters) =>
  infiniteQueryOptions({
    queryKey: [kind, filters],
    queryFn: ({ signal, pageParam }) =>
      call<Page<T>>(
        'GET',
        `/${kind}${query({ ...bounds(filters), limit: PAGE_SIZE, after: pageParam })}`,
        undefined,
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page: Page<T>) => page.next,
    placeholderData: keepPreviousData,
  })

export const ordersQuery = (filters: Filters) => paged<Order>('orders', filters)
export const fillsQuery = (filters: Filters) => paged<Fill>('fills', filters)

export const tasksQuery = queryOptions({
  queryKey: ['tasks'],
  queryFn: ({ signal }) => call<{ items: Task[] }>('GET', '/tasks', undefined, signal),
})

export const reconciliationQuery = queryOptions({
  queryKey: ['reconciliation'],
  queryFn: ({ signal }) => call<Reconciliation>('GET', '/reconciliation', undefined, signal),
})

export const auditQuery = queryOptions({
  queryKey: ['audit'],
  queryFn: ({ signal }) => call<Audit>('GET', '/audit', undefined, signal),
})

/** What the feed shows before the stream adds to it, and how much it keeps. */
export const FEED_MAX = 200

/** The last journal rows, oldest first. Refreshed by the stream, not by asking again. */
export const journalQuery = queryOptions({
  queryKey: ['journal'],
  queryFn: async ({ signal }) => {
    const { rows } = await call<Audit>('GET', '/audit', undefined, signal)
    const from = String(Math.max(0, rows - FEED_MAX))
    return call<{ items: Event[] }>('GET', `/journal${query({ from, limit: String(FEED_MAX) })}`, undefined, signal)
  },
})

export const approvalsQuery = queryOptions({
  queryKey: ['approvals'],
  queryFn: ({ signal }) => call<Approvals>('GET', '/approvals', undefined, signal),
})

export const changesQuery = queryOptions({
  queryKey: ['changes'],
  queryFn: ({ signal }) => call<{ items: Change[] }>('GET', '/changes', undefined, signal),
})

export const stageQuery = queryOptions({
  queryKey: ['stage'],
  queryFn: ({ signal }) => call<StageNow>('GET', '/stage', undefined, signal),
})
export const drillsQuery = queryOptions({
  queryKey: ['drills'],
  queryFn: ({ signal }) => call<{ items: Drill[] }>('GET', '/drills', undefined, signal),
})
export const strategiesQuery = queryOptions({
  queryKey: ['strategies'],
  queryFn: ({ signal }) => call<{ items: Strategy[] }>('GET', '/strategies', undefined, signal),
})

export const limitsQuery = queryOptions({
  queryKey: ['limits'],
  queryFn: ({ signal }) => call<LimitsNow>('GET', '/limits', undefined, signal),
})

export const limitsHistoryQuery = queryOptions({
  queryKey: ['limits', 'history'],
  queryFn: ({ signal }) => call<{ items: LimitsPast[] }>('GET', '/limits/history', undefined, signal),
})

export const liquidationQuery = queryOptions({
  queryKey: ['liquidation'],
  queryFn: ({ signal }) => call<Liquidation>('GET', '/liquidation', undefined, signal),
})

export const liquidationPlanQuery = queryOptions({
  queryKey: ['liquidation', 'plan'],
  queryFn: ({ signal }) => call<LiquidationPlan>('GET', '/liquidation/plan', undefined, signal),
})

export const peopleQuery = queryOptions({
  queryKey: ['people'],
  queryFn: ({ signal }) => call<{ items: Person[] }>('GET', '/people', undefined, signal),
})

/** @param days counted back from now. */
export const statisticsQuery = (days: number) =>
  queryOptions({
    queryKey: ['statistics', days],
    queryFn: ({ signal }) => {
      const since = new Date(Date.now() - days * 86_400_000).toISOString()
      return call<ApprovalStatistics>('GET', `/approvals/statistics${query({ since })}`, undefined, signal)
    },
  })

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => call<{ items: Token[] }>('GET', '/tokens', undefined, signal),
})

export const accessQuery = queryOptions({
  queryKey: ['access'],
  queryFn: ({ signal }) => call<Access>('GET', '/me/access', undefined, signal),
})
