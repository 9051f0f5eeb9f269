import type * as Wire from '../api/wire.ts'

/** The gateway answered, and the answer is no: RFC 9457, with every reason. */
export class ProblemAnswer extends Error {
  readonly problem: Wire.Problem
  constructor(problem: Wire.Problem) {
    super(problem.detail)
    this.name = 'ProblemAnswer'
    this.problem = problem
  }
}
/** Nothing answered. For a write this says nothing about whether it was carried out. */
export class NoAnswer extends Error {
  readonly url: string
  /** True when nothing was listening, so that nothing can have been carried out. */
  readonly refused: boolean
  constructor(url: string, cause: unknown) {
    const code =
      ((cause as { cause?: { code?: string } }).cause?.code ?? (cause as { code?: string }).code) ||
      (cause as Error).message
    super(`no answer from ${url}: ${code}`, { cause })
    this.name = 'NoAnswer'
    this.url = url
    this.refused = code === 'ECONNREFUSED'
  }
}

type Query = Readonly<Record<string, string | readonly string[] | number | boolean | undefined>>
type Ask = {
  readonly method?: 'POST' | 'DELETE'
  readonly query?: Query
  readonly body?: unknown
  readonly accept?: string
}

/** What somebody wants changed; the gateway adds what is so now. */
export type Proposed =
  | { readonly kind: 'approval policy'; readonly policy: Omit<Wire.ApprovalPolicy, 'version'> }
  | {
      readonly kind: 'person'
      readonly personID: string
      readonly roles: readonly string[]
      readonly disabled: boolean
    }
  | { readonly kind: 'passkey revoked'; readonly credentialID: string }
  | {
      readonly kind: 'risk limits'
      readonly values?: Partial<Record<Wire.LimitName, Partial<Wire.Bound>>>
      readonly lists?: Partial<Wire.Limits['lists']>
    }
  | {
      readonly kind: 'strategy'
      readonly strategyID: string
      readonly card?: Partial<Wire.Strategy['card']>
      readonly model?: Wire.SizingModel | null
    }
  | { readonly kind: 'waiver'; readonly intentID: string }
  | { readonly kind: 'release'; readonly scope: string }
  | {
      readonly kind: 'stage'
      readonly after: Wire.Stage
      readonly symbols?: readonly string[]
      readonly values?: Partial<Record<Wire.LimitName, Partial<Wire.Bound>>>
    }

export type Submission = { readonly outcome: 'created' | 'repeated' | 'gathering'; readonly intent: Wire.Intent }
export type Client = ReturnType<typeof apiClient>

/** Longer than the slowest command's commit on a slow disk; a service that takes longer is not answering. */
const TIMEOUT_MS = 20_000

/**
 * The gateway's HTTP API as functions, one attempt each. `token` is an agent's `jax_…` or a person's `jaxs_…`.
 * Every function throws `ProblemAnswer` when the gateway says no, and `NoAnswer` when nothing answers.
 */
export function apiClient(at: { readonly url: string; readonly token: string | null; readonly timeoutMs?: number }) {
  const base = at.url.replace(/\/+$/, '')

  async function send(path: string, ask: Ask = {}): Promise<Response> {
    const url = new URL(base + path)
    for (const [key, value] of Object.entries(ask.query ?? {})) {
      if (Array.isArray(value)) for (const one of value) url.searchParams.append(key, one)
      else if (value !== undefined) url.searchParams.set(key, String(value))
    }
    let response: Response
    try {
      response = await fetch(url, {
        method: ask.method ?? 'GET',
        redirect: 'error',
        headers: {
          accept: ask.accept ?? 'application/json',
          ...(at.token === null ? {} : { authorization: `Bearer ${at.token}` }),
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(ask.body === undefined ? {} : { body: typeof ask.body === 'string' ? ask.body : JSON.stringify(ask.body) }),
        signal: AbortSignal.timeout(at.timeoutMs ?? TIMEOUT_MS),
      })
    } catch (error) {
      throw new NoAnswer(base, error)
    }
    if (!response.ok) throw new ProblemAnswer(await problemIn(response))
    return response
  }
  const read = async <T>(path: string, query?: Query): Promise<T> =>
    (await (await send(path, query === undefined ? {} : { query })).json()) as T
  const write = async <T>(path: string, body: unknown, method: 'POST' | 'DELETE' = 'POST'): Promise<T> => {
    const response = await send(path, { method, body })
    return (response.status === 204 || response.status === 202 ? null : await response.json()) as T
  }
  const intent = (id: string): string => `/v1/intents/${encodeURIComponent(id)}`
  const change = (id: string): string => `/v1/changes/${encodeURIComponent(id)}`
  const OUTCOME: Readonly<Record<number, Submission['outcome']>> = { 200: 'repeated', 202: 'gathering' }

  return {
    url: base,
    /** Any route; the body is text of JSON already. */
    async call(
      method: 'GET' | 'POST' | 'DELETE',
      path: string,
      query: Query,
      body: string | undefined,
    ): Promise<{ status: number; body: unknown }> {
      const how = method === 'GET' ? {} : { method }
      const response = await send(path, { ...how, query, ...(body === undefined ? {} : { body }) })
      return { status: response.status, body: response.status === 204 ? null : await response.json() }
    },
    /** A signal of Jax, or an explicit order. Text is sent byte for byte. */
    async submit(body: string | Readonly<Record<string, unknown>>): Promise<Submission> {
      const response = await send('/v1/intents', { method: 'POST', body })
      return { outcome: OUTCOME[response.status] ?? 'created', intent: (await response.json()) as Wire.Intent }
    },
    intents: (query: {
      state?: readonly string[]
      symbol?: string | undefined
      strategy?: string | undefined
      limit?: number
      after?: string
    }) => read<Wire.Page<Wire.Intent>>('/v1/intents', query),
    intent: (id: string) => read<Wire.Intent>(intent(id)),
    story: (id: string) => read<Wire.Story>(`${intent(id)}/story`),
    approve: (id: string, digest: string, reason?: string) =>
      write<Wire.Intent>(`${intent(id)}/approve`, { digest, ...(reason === undefined ? {} : { reason }) }),
    decline: (id: string, reason: string) => write<Wire.Intent>(`${intent(id)}/decline`, { reason }),
    withdraw: (id: string, reason?: string) =>
      write<Wire.Intent>(`${intent(id)}/withdraw`, reason === undefined ? {} : { reason }),
    snooze: (id: string, until: string, reason?: string) =>
      write<Wire.Intent>(`${intent(id)}/snooze`, { until, ...(reason === undefined ? {} : { reason }) }),
    reanalyse: (id: string, note: string) => write<Wire.Intent>(`${intent(id)}/reanalyse`, { note }),
    reprice: (id: string) => write<Wire.Intent>(`${intent(id)}/reprice`, {}),
    orders: (query: Query) => read<Wire.Page<Wire.Order>>('/v1/orders', query),
    order: (clOrdID: string) => read<Wire.Order>(`/v1/orders/${encodeURIComponent(clOrdID)}`),
    cancel: (clOrdID: string) => write<Wire.Order>(`/v1/orders/${encodeURIComponent(clOrdID)}/cancel`, {}),
    replace: (clOrdID: string, to: { order_qty?: string; limit_price?: string; reason?: string }) =>
      write<Wire.Order>(`/v1/orders/${encodeURIComponent(clOrdID)}/replace`, to),
    fills: (query: Query) => read<Wire.Page<Wire.Fill>>('/v1/fills', query),
    csv: async (path: '/v1/orders' | '/v1/fills', query: Query) =>
      (await send(path, { query, accept: 'text/csv' })).text(),
    positions: async () => (await read<{ items: Wire.Position[] }>('/v1/positions')).items,
    account: () => read<Wire.Account>('/v1/account'),
    quote: (symbol: string) => read<Wire.Quote>(`/v1/quotes/${encodeURIComponent(symbol)}`),
    halted: () => read<Wire.Halt>('/v1/halt'),
    /** Everything, at K4, unless it says a scope or a level. */
    halt: (reason: string, what: { readonly scope?: string; readonly level?: Wire.HaltLevel } = {}) =>
      write<Wire.Halt>('/v1/halt', { reason, ...what }),
    resume: (reason: string, scope?: string) =>
      write<Wire.Halt>('/v1/halt', { reason, ...(scope !== undefined && { scope }) }, 'DELETE'),
    liquidation: () => read<Wire.Liquidation>('/v1/liquidation'),
    liquidationPlan: () => read<Wire.LiquidationPlan>('/v1/liquidation/plan'),
    liquidate: (ask: { account: string; reason: string; symbols?: readonly string[] }) =>
      write<Wire.Liquidation>('/v1/liquidation', ask),
    allowMarketOrders: () => write<Wire.Liquidation>('/v1/liquidation/market', {}),
    stopLiquidation: (reason: string) => write<Wire.Liquidation>('/v1/liquidation', { reason }, 'DELETE'),
    status: () => read<Wire.Status>('/v1/status'),
    tasks: async () => (await read<{ items: Wire.Task[] }>('/v1/tasks')).items,
    acknowledge: (id: string) => write<Wire.Task>(`/v1/tasks/${encodeURIComponent(id)}/acknowledge`, {}),
    closeTask: (id: string, note: string) => write<Wire.Task>(`/v1/tasks/${encodeURIComponent(id)}/close`, { note }),
    takeIn: (symbol: string, reason: string, price?: string) =>
      write<null>('/v1/positions/take-in', { symbol, reason, ...(price !== undefined && { price }) }),
    reconciliation: () => read<Wire.Reconciliation>('/v1/reconciliation'),
    reconcile: () => write<null>('/v1/reconciliation', {}),
    audit: () => read<Wire.Audit>('/v1/audit'),
    journal: async (from: number, limit: number) =>
      (await read<{ items: Wire.Event[] }>('/v1/journal', { from, limit })).items,
    me: () => read<Wire.Me>('/v1/me'),
    signIn: (code: string, name: string) => write<Wire.CliSession>('/v1/session?via=cli', { code, name }),
    signOut: () => write<null>('/v1/session', undefined, 'DELETE'),
    signinCode: (name?: string) => write<Wire.SigninCode>('/v1/signin-codes', name === undefined ? {} : { name }),
    tokens: async () => (await read<{ items: Wire.Token[] }>('/v1/tokens')).items,
    addToken: (body: { name: string; scopes?: readonly string[]; owner?: string }) =>
      write<Wire.TokenMade>('/v1/tokens', body),
    revokeToken: (id: string) => write<null>(`/v1/tokens/${encodeURIComponent(id)}`, undefined, 'DELETE'),
    instrument: (symbol: string) => read<Wire.Instrument>(`/v1/instruments/${encodeURIComponent(symbol)}`),
    approvals: () => read<Wire.Approvals>('/v1/approvals'),
    approvalStatistics: (since?: string) => read<Wire.ApprovalStatistics>('/v1/approvals/statistics', { since }),
    arm: (bounds: {
      strategyID: string
      symbols: readonly string[]
      maxNotional: string
      maxCount: number
      until: string
    }) => write<Wire.Arming>('/v1/approvals/arm', bounds),
    disarm: (armingID: string) =>
      write<Wire.Arming | null>(`/v1/approvals/arm/${encodeURIComponent(armingID)}`, undefined, 'DELETE'),
    strategies: async () => (await read<{ items: Wire.Strategy[] }>('/v1/strategies')).items,
    strategy: (id: string) => read<Wire.Strategy>(`/v1/strategies/${encodeURIComponent(id)}`),
    drills: async () => (await read<{ items: Wire.Drill[] }>('/v1/drills')).items,
    recordDrill: (held: Omit<Wire.Drill, 'drillID' | 'byName'>) => write<Wire.Drill>('/v1/drills', held),
    reviewControls: (note: string) => write<Wire.Review>('/v1/controls/reviews', { note }),
    stage: () => read<Wire.StageNow>('/v1/stage'),
    limits: () => read<Wire.LimitsNow>('/v1/limits'),
    limitsHistory: async () => (await read<{ items: Wire.LimitsPast[] }>('/v1/limits/history')).items,
    changes: async (state?: string) => (await read<{ items: Wire.Change[] }>('/v1/changes', { state })).items,
    change: (id: string) => read<Wire.Change>(change(id)),
    propose: (what: Proposed, reason: string) => write<Wire.Change>('/v1/changes', { what, reason }),
    approveChange: (id: string, digest: string, reason?: string) =>
      write<Wire.Change>(`${change(id)}/approve`, { digest, ...(reason === undefined ? {} : { reason }) }),
    declineChange: (id: string, reason: string) => write<Wire.Change>(`${change(id)}/decline`, { reason }),
    people: async () => (await read<{ items: Wire.Person[] }>('/v1/people')).items,
    access: () => read<Wire.Access>('/v1/me/access'),
    revokePasskey: (id: string) => write<unknown>(`/v1/me/passkeys/${encodeURIComponent(id)}`, undefined, 'DELETE'),
    unlink: (id: string) => write<unknown>(`/v1/me/links/${encodeURIComponent(id)}`, undefined, 'DELETE'),
    linkCode: () => write<Wire.SigninCode>('/v1/me/link-codes', {}),
  }
}

async function problemIn(response: Response): Promise<Wire.Problem> {
  const text = await response.text()
  try {
    const body = JSON.parse(text) as Partial<Wire.Problem> | null
    if (typeof body?.code === 'string' && typeof body.detail === 'string') return body as Wire.Problem
  } catch {
    // Not ours: told below.
  }
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: 'NOT_A_GATEWAY',
    detail: `HTTP ${response.status} from ${new URL(response.url).origin}, in a form that this gateway does not use. Is something else listening there?`,
  }
}
