import { isOpen } from '../../orders/machine.ts'
import { type Intent, KEY, type Kind, type Records } from '../../ports/records.ts'
import { canonicalOrFault } from '../../journal/chain.ts'

type Table<R> = {
  readonly name: string
  /** Columns beside `key` and `doc`, and what stands in them. */
  readonly columns: Readonly<Record<string, (record: R) => unknown>>
}

const PLAIN = {}

/** Still to be sized, decided or sent. */
const isWaiting = ({ state, clOrdID }: Intent): boolean =>
  state === 'Received' || state === 'AwaitingApproval' || (state === 'Approved' && clOrdID === null)

/** Where each kind of record lives. */
export const TABLES: { readonly [K in Kind]: Table<Records[K]> } = {
  intent: {
    name: 'intents',
    columns: {
      state: (r) => r.state,
      symbol: (r) => r.proposal.symbol,
      strategy_id: (r) => r.proposal.strategyID,
      received_at: (r) => r.receivedAt,
      is_waiting: (r) => (isWaiting(r) ? 1 : 0),
    },
  },
  order: {
    name: 'orders',
    columns: {
      account: (r) => r.account,
      intent_id: (r) => r.intentID,
      order_id: (r) => r.orderID,
      symbol: (r) => r.terms.symbol,
      is_open: (r) => (isOpen(r) ? 1 : 0),
      created_at: (r) => r.createdAt,
    },
  },
  fill: {
    name: 'fills',
    columns: {
      account: (r) => r.account,
      intent_id: (r) => r.intentID,
      cl_ord_id: (r) => r.clOrdID,
      symbol: (r) => r.symbol,
      seq: (r) => r.seq,
      transact_time: (r) => r.transactTime,
    },
  },
  position: { name: 'positions', columns: PLAIN },
  halt: { name: 'halts', columns: PLAIN },
  freeze: { name: 'freezes', columns: PLAIN },
  task: { name: 'tasks', columns: PLAIN },
  person: { name: 'people', columns: PLAIN },
  token: { name: 'tokens', columns: PLAIN },
  session: { name: 'sessions', columns: PLAIN },
  code: { name: 'codes', columns: PLAIN },
  reconcile: { name: 'reconciles', columns: PLAIN },
  identity: { name: 'identities', columns: PLAIN },
  approvals: { name: 'approval_policies', columns: PLAIN },
  limits: { name: 'risk_limits', columns: PLAIN },
  stage: { name: 'stages', columns: PLAIN },
  stageDay: { name: 'stage_days', columns: PLAIN },
  drill: { name: 'drills', columns: PLAIN },
  review: { name: 'reviews', columns: PLAIN },
  waiver: { name: 'waivers', columns: PLAIN },
  strategy: { name: 'strategies', columns: PLAIN },
  day: { name: 'trading_days', columns: PLAIN },
  change: { name: 'changes', columns: PLAIN },
  passkey: { name: 'passkeys', columns: PLAIN },
  link: { name: 'links', columns: PLAIN },
  arming: { name: 'armings', columns: PLAIN },
  liquidation: { name: 'liquidations', columns: PLAIN },
  challenge: { name: 'challenges', columns: PLAIN },
  once: { name: 'onces', columns: PLAIN },
  card: { name: 'cards', columns: PLAIN },
  market: { name: 'markets', columns: PLAIN },
  account: { name: 'accounts', columns: PLAIN },
  errand: {
    name: 'errands',
    columns: {
      kind: (r) => r.kind,
      due_at: (r) => r.dueAt,
      free_at: (r) => (r.leaseUntil === null ? r.dueAt : Math.max(r.dueAt, r.leaseUntil)),
    },
  },
}

/** `INSERT … ON CONFLICT DO UPDATE` of each kind, written once. */
const UPSERT = Object.fromEntries(
  Object.entries(TABLES).map(([kind, { name, columns }]) => {
    const names = ['key', ...Object.keys(columns), 'doc']
    const marks = names.map(() => '?').join(', ')
    const sets = names.slice(1).map((column) => `${column} = excluded.${column}`)
    return [
      kind,
      `INSERT INTO ${name} (${names.join(', ')}) VALUES (${marks}) ON CONFLICT (key) DO UPDATE SET ${sets.join(', ')}`,
    ]
  }),
) as Readonly<Record<Kind, string>>

/** The statement that stores a record, and its parameters. @throws {Fault} NOT_JSON when JSON cannot hold the record. */
export function upsert<K extends Kind>(
  kind: K,
  record: Records[K],
): { readonly sql: string; readonly values: readonly unknown[] } {
  const columns = Object.values(TABLES[kind].columns).map((column) => column(record))
  return { sql: UPSERT[kind], values: [KEY[kind](record), ...columns, canonicalOrFault(record)] }
}
