// Four recorded days through the running gateway: signals over HTTP with the agent's token, decisions over HTTP in a
// person's session, a clock that is moved by hand, and an accountant of another school at the end.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account, Event, Fill, Intent, Order, Position, Story } from '../../src/api/wire.ts'
import { replayMarket } from '../../src/markets/replay.ts'
import { readSimLog } from '../../src/brokers/sim/log.ts'
import { lapseClock } from '../../src/main/clock.ts'
import { parseConfig } from '../../src/main/config.ts'
import { limitedBy } from '../../src/gate/example.ts'
import { startGateway } from '../../src/main/serve.ts'
import { text } from '../../src/values/decimal.ts'
import { type Instant, parseInstant, plusMs } from '../../src/values/instant.ts'
import { type Caller, caller, pages } from '../http.ts'
import { account as audit, plus, read, same, show, total } from './accountant.ts'
import { type Fate, parseBars, plan, type Planned } from './plan.ts'

export type Told = {
  readonly planned: Planned
  readonly status: number
  readonly intent: Intent | null
  readonly codes: readonly string[]
}
export type Finding = { readonly what: string; readonly ok: boolean; readonly detail: string }
export type Drill = {
  readonly told: readonly Told[]
  readonly stories: readonly Story[]
  readonly fills: readonly Fill[]
  readonly findings: readonly Finding[]
  readonly dataDir: string
}

const CASH = '100000.00'
/** A month of signals of one strategy, and not of a person. */
const LIMITS = limitedBy({
  maxOrderNotional: '10000',
  maxPositionNotional: '25000',
  collarBps: '300',
  buyingPowerBuffer: '0.05',
})
/** A step of the clock between signals: short enough that stops, targets and time-outs are met one by one. */
const STEP_MS = 5 * 60_000

export async function drill(csvFile: string, dataDir: string, say: (line: string) => void): Promise<Drill> {
  const bars = parseBars(readFileSync(csvFile, 'utf8'))
  const market = replayMarket({ files: [csvFile] })
  const clock = lapseClock({ startAt: market.startsAt, speed: 0 })
  const settings = configured(dataDir)
  const gateway = await startGateway(settings, { clock: clock.spec, market, quiet: true, limits: LIMITS })
  try {
    const http = caller(gateway.url)
    const machine = http.as(readFileSync(join(dataDir, 'operator-token'), 'utf8').trim())
    // A session ends with the day: the next morning's needs a new code, asked for on the machine itself.
    let person = await http.signIn(gateway.setupCode)
    let day = ''
    const agent = http.as(gateway.agentToken)
    const goTo = async (at: Instant): Promise<void> => {
      clock.advanceTo(at)
      market.advance(clock.now())
      await settle(gateway.drain)
    }
    const told: Told[] = []
    for (const planned of plan(bars)) {
      const at = instantOf(planned.at)
      while (plusMs(clock.now(), STEP_MS) < at) await goTo(plusMs(clock.now(), STEP_MS))
      await goTo(at)
      if (planned.at.slice(0, 10) !== day) {
        day = planned.at.slice(0, 10)
        person = await http.signIn((await machine.post<{ code: string }>('/v1/signin-codes', {})).body.code)
      }
      told.push(await play(planned, agent, person, gateway.drain))
      say(line(told.at(-1)))
    }
    while (clock.now() < market.endsAt) await goTo(plusMs(clock.now(), STEP_MS))

    person = await http.signIn((await machine.post<{ code: string }>('/v1/signin-codes', {})).body.code)
    const items = await pages<Intent>(person, '/v1/intents')
    const stories = await Promise.all(
      items.map(({ intentID }) => person.get<Story>(`/v1/intents/${encodeURIComponent(intentID)}/story`)),
    )
    const fills = await pages<Fill>(person, '/v1/fills')
    const positions = (await person.get<{ items: Position[] }>('/v1/positions')).items
    await gateway.desk.recordFacts({
      markets: [],
      account: { account: await gateway.broker.accountFact(), positions: [], at: clock.now(), afterRow: 0 },
    })
    const money = await person.get<Account>('/v1/account')
    const truth = readSimLog(join(dataDir, 'sim-broker.db'))
    const brokerPositions = await gateway.broker.positions()
    const findings = [
      ...compareBooks(
        fills,
        positions,
        money,
        brokerPositions.map((p) => ({ symbol: p.symbol, netQty: text(p.netQty) })),
      ),
      ...compareTruth(
        fills,
        truth.orders.flatMap((order) =>
          order.trades.map((trade) => ({
            execID: trade.execID,
            lastQty: text(trade.lastQty),
            lastPx: text(trade.lastPx),
          })),
        ),
      ),
      ...fates(told),
      ...stories.flatMap(complete),
    ]
    return { told, stories, fills, findings, dataDir }
  } finally {
    await gateway.close()
  }
}

function configured(dataDir: string) {
  const yes = parseConfig('', null, [
    { path: 'dataDir', value: dataDir, source: 'drill' },
    { path: 'listen.port', value: '0', source: 'drill' },
    { path: 'sim.initialCash', value: CASH, source: 'drill' },
  ])
  if (!yes.ok) throw new Error(yes.error.map((fault) => fault.message).join('; '))
  return yes.value.settings
}

const instantOf = (at: string): Instant => {
  const parsed = parseInstant(at)
  if (parsed === null) throw new Error(`${at} is not a time`)
  return parsed
}

/** Reports are streamed a turn of the event loop later: whoever waits for quiet waits for those too. */
async function settle(drain: () => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await drain()
    await new Promise(setImmediate)
  }
  await drain()
}

// --- one signal

async function play(planned: Planned, agent: Caller, person: Caller, drain: () => Promise<void>): Promise<Told> {
  const answer = await agent.post<Intent & { refusals?: { code: string }[]; instance?: string }>(
    '/v1/intents',
    planned.body,
  )
  const codes = (answer.body.refusals ?? []).map((refusal) => refusal.code)
  if (answer.status >= 400) return { planned, status: answer.status, intent: null, codes }
  const intent = answer.body
  const { fate } = planned
  if (intent.state === 'AwaitingApproval' && fate.kind === 'approve')
    await person.must('POST', `/v1/intents/${encodeURIComponent(intent.intentID)}/approve`, { digest: intent.digest })
  if (intent.state === 'AwaitingApproval' && fate.kind === 'decline')
    await person.must('POST', `/v1/intents/${encodeURIComponent(intent.intentID)}/decline`, {
      reason: 'Not with this range.',
    })
  await settle(drain)
  return { planned, status: answer.status, intent, codes }
}

function line(told: Told | undefined): string {
  if (!told) return ''
  const { planned, intent, codes, status } = told
  const { signal_type, symbol, entry_price, stop_loss, take_profit } = planned.body
  const outcome = intent?.ticket
    ? `${intent.ticket.terms.orderQty} shares, ${planned.fate.kind}`
    : codes.length > 0
      ? codes.join(' ')
      : `HTTP ${status}`
  return `${planned.at}  ${String(signal_type).padEnd(4)} ${String(symbol).padEnd(6)} ${String(entry_price)} stop ${String(stop_loss)} target ${String(take_profit)}  ${outcome}`
}

// --- what must be true at the end

const finding = (what: string, ok: boolean, detail: string): Finding => ({ what, ok, detail })

function compareBooks(
  fills: readonly Fill[],
  positions: readonly Position[],
  money: Account,
  atBroker: readonly { symbol: string; netQty: string }[],
): Finding[] {
  const books = audit(fills)
  const findings = [...books].flatMap(([symbol, own]) => {
    const ours = positions.find((p) => p.symbol === symbol)
    const theirs = atBroker.find((p) => p.symbol === symbol)?.netQty ?? '0'
    return [
      finding(
        `${symbol}: position`,
        ours !== undefined && same(own.netQty, ours.netQty),
        `${show(own.netQty)} by the accountant, ${ours?.netQty} by the gateway`,
      ),
      finding(
        `${symbol}: position at the broker`,
        same(own.netQty, theirs),
        `${show(own.netQty)} by the accountant, ${theirs} at the broker`,
      ),
      finding(
        `${symbol}: realised P&L`,
        ours !== undefined && same(own.realized, ours.realizedPnl, own.closes),
        `${show(own.realized)} by the accountant, ${ours?.realizedPnl} by the gateway`,
      ),
    ]
  })
  const cash = plus(read(CASH), total(books, 'cashFlow'))
  return [
    ...findings,
    finding('cash', same(cash, money.cash), `${show(cash)} by the accountant, ${money.cash} at the broker`),
  ]
}

function compareTruth(
  fills: readonly Fill[],
  truth: readonly { execID: string; lastQty: string; lastPx: string }[],
): Finding[] {
  const ours = fills.map((f) => `${f.execID} ${f.lastQty} ${f.lastPx}`).sort()
  const theirs = truth.map((t) => `${t.execID} ${t.lastQty} ${t.lastPx}`).sort()
  return [
    finding(
      'every trade of the broker is in our book once',
      ours.join('\n') === theirs.join('\n'),
      `${ours.length} in our book, ${theirs.length} at the broker`,
    ),
  ]
}

function fates(told: readonly Told[]): Finding[] {
  return told.map(({ planned, status, intent, codes }) => {
    const { fate } = planned
    const name = `${String(planned.body['id'])} (${wanted(fate)})`
    if (fate.kind === 'refused')
      return finding(name, status === 422 && codes.includes(fate.code), codes.join(' ') || `HTTP ${status}`)
    if (fate.kind === 'invalid') return finding(name, status === fate.status, `HTTP ${status}`)
    // A good idea may still meet the position that an earlier one left open; any other no would be a surprise.
    const met = codes.length > 0 && codes.every((code) => BY_POSITION.includes(code))
    return finding(name, intent !== null || met, codes.join(' ') || `HTTP ${status}`)
  })
}
const BY_POSITION = ['OPPOSITE_POSITION', 'OPPOSITE_ORDER', 'SIZE_BELOW_MINIMUM', 'STOP_REACHED', 'TARGET_REACHED']
const wanted = (fate: Fate): string => (fate.kind === 'refused' ? fate.code : fate.kind)

/** The chapters that a story must have, in this order, for the way it ended. */
function complete({ intent, orders, events }: Story): Finding[] {
  const actions = events.map((event: Event) => event.action)
  const chapters = intent.clOrdID
    ? [
        'intent.received',
        'intent.ticketed',
        'intent.approved',
        'order.created',
        'order.send-started',
        'order.accepted',
        'execution.reported',
      ]
    : ['intent.received', END[intent.state] ?? 'intent.ticketed']
  let from = 0
  const missing = chapters.filter((chapter) => {
    const found = actions.indexOf(chapter, from)
    if (found >= 0) from = found + 1
    return found < 0
  })
  const ended = orders.every(
    (order: Order) => order.ordStatus !== 'InDoubt' && order.delivery !== 'Sending' && order.delivery !== 'Queued',
  )
  const oneCorrelation = events.every((event: Event) => event.corr === intent.corr)
  return [
    finding(
      `story of ${intent.intentID}`,
      missing.length === 0 && ended && oneCorrelation,
      missing.length === 0
        ? `${actions.length} events, ${intent.ordStatus ?? intent.state}`
        : `without ${missing.join(', ')}`,
    ),
  ]
}
const END: Readonly<Record<string, string>> = {
  Refused: 'intent.refused',
  Declined: 'intent.declined',
  Lapsed: 'intent.lapsed',
  Withdrawn: 'intent.withdrawn',
}
