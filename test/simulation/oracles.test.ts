import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { deny } from '../../src/desk/command.ts'
import type { Happened } from '../../src/desk/events.ts'
import type { Row } from '../../src/journal/row.ts'
import type { Truth } from '../scenarios/broker.ts'
import { amt, dec, plus, px, qty } from '../../src/values/decimal.ts'
import type { ExecID } from '../../src/values/brand.ts'
import type { Json } from '../../src/values/json.ts'
import { LIMITS } from './policies.ts'
import { PROMISES, type Promised } from './promises.ts'
import type { Said, Scene, Violation } from './scene.ts'
import { played, type Tampering, type Watched } from './watched.ts'

const ROOT = join(import.meta.dirname, '../..')
const scenario = (name: string): string => readFileSync(join(ROOT, 'scenarios', `${name}.scenario`), 'utf8')

const HEAD = `# An entry is filled in part.
cannot  bracket
can     replace
cancels prompt
market  AAPL bid=189.95 ask=190.05
signal  I1 BUY AAPL entry=190.00 stop=188.00
`
const DAY = `${HEAD}approve I1 by=ana
report  I1 Fill 20 @ 190.00`
const limited = (line: string): string => DAY.replace('cannot ', `limits  ${line}\ncannot `)
const CHANGED = `${DAY}
replace I1 by=ana price=190.10`
const HALT = `${DAY}
halt    by=rik`
const RELEASED = `${HEAD}halt by=rik
reconcile
wait 2s
release by=rik
approve I1 by=ana`
const PART = `${HEAD}halt by=rik scope=symbol:AAPL`
const THAWED = `${HEAD}worker  sleeps
worker  wakes
elsewhere hold AAPL 5
reconcile
wait 8s
elsewhere hold AAPL 0
reconcile
close FROZEN AAPL by=rik
wait 2s
reprice I1 by=ana
approve I1 by=ana`

const CANCELED = `${DAY}
cancel  I1 by=ana`
const DECLINED = `${HEAD}decline I1 by=ana`
const WITHDRAWN = `${HEAD}withdraw I1 by=ana`
const TAKEN_IN = `${DAY}
wait 1m
elsewhere hold AAPL 5
reconcile
wait 8s
takein  AAPL by=rik`

const entryOf = (w: Watched): Truth => w.broker.truth.find((o) => o.role === 'Entry') as Truth
const stopOf = (w: Watched): Truth => w.broker.truth.find((o) => o.role === 'Stop') as Truth
/** Changes the rows of one action as the oracles see them. */
const rows = (action: string, change: (row: Row, w: Watched) => Row): Pick<Tampering, 'row'> => ({
  row: (row, w) => (row.action === action ? change(row, w) : row),
})
/** Such rows say something that nobody needs. */
const withhold = (...actions: readonly string[]): Pick<Tampering, 'row'> => ({
  row: (row) =>
    actions.includes(row.action) ? { ...row, action: 'gateway.started', actor: { ...row.actor, type: 'system' } } : row,
})
/** The oracles are told of a freeze that never was. */
function freeze(w: Watched): void {
  const last = w.rows.at(-1) as Row
  const [seq, data] = [w.rows.length, { symbol: 'AAPL', reason: 'for nothing' }]
  w.oracles.committed([
    { ...last, seq, action: 'instrument.frozen', object: { type: 'instrument', id: 'AAPL', rev: 0 }, data },
    { ...last, seq: seq + 1, action: 'task.raised', object: { type: 'task', id: 'FROZEN:AAPL', rev: 0 }, data },
  ])
}
/** Nobody ever asked for that. */
const unheard =
  (what: Said['what']) =>
  ({ said = [] }: Scene): Partial<Scene> => ({
    get said() {
      return said.filter((one) => one.what !== what)
    },
  })
const inTheNameOf =
  (id: string) =>
  (row: Row): Row => {
    const { decision, by } = row.data as { decision?: { [key: string]: Json }; by?: string }
    if (decision) decision['by'] = id
    if (by !== undefined) within(row)['by'] = id
    return row.actor.type === 'person' || row.actor.type === 'agent' ? { ...row, actor: { ...row.actor, id } } : row
  }
const within = (row: Row, ...path: readonly string[]): { [key: string]: Json } => {
  let found: { [key: string]: Json } = row.data
  for (const step of path) found = found[step] as { [key: string]: Json }
  return found
}
const earlier = (w: Watched, action: string): Row => w.rows.find((row) => row.action === action) as Row
const policy = (change: Partial<Watched['policy']>): Pick<Tampering, 'scene'> => ({
  scene: (scene) => ({ policy: { ...scene.policy, ...change } }),
})

type Case = Tampering & {
  readonly how: string
  readonly script: string
  /** After the quiet while, before the last look. */
  readonly end?: (w: Watched) => void | Promise<void>
  readonly says: RegExp
}

const BROKEN: { readonly [promise in Promised]: readonly Case[] } = {
  approved: [
    {
      how: 'it leaves at another price',
      script: DAY,
      write: (write) =>
        write.kind === 'submit' && !write.terms.reduceOnly
          ? { ...write, terms: { ...write.terms, price: px('191.00') } }
          : write,
      says: /is not the order that was shown/,
    },
    {
      how: 'its approval has ended',
      script: DAY,
      ...rows('intent.approved', (row) => ({ ...row, data: { ...row.data, sendBy: 0 } })),
      says: /leaves after its approval has ended/,
    },
    {
      how: 'it was approved under another digest',
      script: DAY,
      ...rows('intent.approved', (row) => (Object.assign(within(row, 'decision'), { digest: 'another' }), row)),
      says: /under a digest that its ticket has not/,
    },
    {
      how: 'the ticket is another one than the digest says',
      script: DAY,
      ...rows('intent.ticketed', (row) => (Object.assign(within(row, 'ticket'), { maxNotional: '1.00' }), row)),
      says: /is not the order whose digest was approved/,
    },
    {
      how: 'a stop leaves at another price than was shown',
      script: DAY,
      write: (write) =>
        write.kind === 'submit' && write.terms.stopPx
          ? { ...write, terms: { ...write.terms, stopPx: px('150.00') } }
          : write,
      says: /is not the Stop that was approved with its entry/,
    },
    {
      how: 'nobody saw that ticket',
      script: DAY,
      scene: unheard('approve'),
      says: /ana never asked for row \d+ \(intent\.approved I1\)/,
    },
    {
      how: 'it was approved too late',
      script: DAY,
      ...rows('intent.ticketed', (row) => (((row.data as { decideBy: Json }).decideBy = 0), row)),
      says: /after the time to decide/,
    },
    {
      how: 'an approval lasts too long',
      script: DAY,
      ...policy({ executionTtlMs: 1_000 }),
      says: /lasts longer than the policy allows/,
    },
    {
      how: 'its approver was removed',
      script: DAY,
      ...rows('order.send-started', (row, w) => {
        for (const one of w.rows.filter((r) => r.action === 'person.added')) within(one, 'person')['disabled'] = true
        return row
      }),
      says: /who approved .*: is disabled/,
    },
    {
      how: 'its click came from a chat user who is nobody',
      script: DAY,
      ...rows('intent.approved', (row) => {
        const evidence = { kind: 'channel', provider: 'slack', tenant: 'T1', user: 'ana' }
        Object.assign(within(row, 'decision'), { evidence })
        return row
      }),
      says: /ana said yes to I1: that chat user is not theirs/,
    },
    {
      how: 'nobody looked, and nothing was armed',
      script: DAY,
      ...rows('intent.approved', (row) => {
        Object.assign(within(row, 'decision'), { evidence: { kind: 'armed', armingID: 'arm_1' } })
        return { ...row, actor: { ...row.actor, type: 'system' } }
      }),
      says: /I1 counts as approved: nothing was ever armed as arm_1/,
    },
    {
      how: 'its signal has expired',
      script: DAY,
      ...rows('order.send-started', (row, w) => {
        within(earlier(w, 'intent.received'), 'intent', 'proposal')['expiresAt'] = 0
        return row
      }),
      says: /after its signal had expired/,
    },
    {
      how: 'nobody approved it',
      script: DAY,
      ...withhold('intent.approved'),
      says: /was promised to the broker after intent\.ticketed/,
    },
    {
      how: 'the market has left what was approved',
      script: `${HEAD}market AAPL bid=190.05 ask=190.15\nwait 6s\napprove I1 by=ana`,
      ...policy({ maxDriftBps: 1 }),
      says: /had left 190\.00 by more than 1 bps/,
    },
    {
      how: 'nobody asked for the change',
      script: CHANGED,
      scene: unheard('replace'),
      says: /ana never asked for row/,
    },
    {
      how: 'a change is sent with other terms',
      script: CHANGED,
      write: (write) =>
        write.kind === 'replace' ? { ...write, terms: { ...write.terms, orderQty: qty('51') } } : write,
      says: /-r1 is not the order that was shown/,
    },
  ],
  reduces: [
    {
      how: 'a stop is larger than what is held',
      script: DAY,
      ...rows('order.created', (row) => {
        if (row.object.id.includes('-s')) within(row, 'order', 'terms')['orderQty'] = '99'
        return row
      }),
      says: /closes 99; 20 are held/,
    },
    {
      how: 'a stop may open a position',
      script: DAY,
      write: (write) => (write.kind === 'submit' ? { ...write, terms: { ...write.terms, reduceOnly: false } } : write),
      says: /is called Stop, and may open a position/,
    },
  ],
  once: [
    {
      how: 'a ghost that the rules of the broker do not excuse',
      script: scenario('ghost-beside-a-second-order'),
      opened: ({ broker }) => void (broker.capabilities = { ...broker.capabilities, absenceProvenAfterMs: 120_000 }),
      says: /intent I1 has two orders at the broker/,
    },
    {
      how: 'the old order works on beside the new one',
      script: `${CHANGED}\nwait 1s`,
      end: (w) =>
        void (
          (w.broker.truth.find((o) => o.replacedBy !== null) as Truth) &&
          Object.assign(w.broker.truth.find((o) => o.replacedBy !== null) as Truth, { open: true })
        ),
      says: /works twice at the broker/,
    },
  ],
  names: [
    {
      how: 'the same name leaves again',
      script: DAY,
      end: (w) => {
        const { clOrdID, terms } = w.broker.sends[0] as (typeof w.broker.sends)[number]
        w.oracles.beforeWrite({ kind: 'submit', clOrdID, terms })
      },
      says: /is sent a second time/,
    },
    {
      how: 'the broker books it twice',
      script: DAY,
      end: (w) => void w.broker.place(entryOf(w).terms, entryOf(w).clOrdID, 'Entry'),
      says: /has booked .* twice/,
    },
  ],
  proof: [
    {
      how: 'a lost reply is shown as a rejection',
      script: `${HEAD}next lost-booked\napprove I1 by=ana`,
      ...rows('order.in-doubt', (row) => ({ ...row, action: 'order.rejected', data: { text: 'no answer' } })),
      says: /is shown as rejected, and the reply to its send was in-doubt/,
    },
    {
      how: 'silence proves nothing at this broker',
      script: `${HEAD}next lost\napprove I1 by=ana`,
      opened: ({ broker }) => void (broker.capabilities = { ...broker.capabilities, absenceProvenAfterMs: null }),
      end: () => {},
      says: /at this broker no look-up proves that/,
    },
  ],
  ghost: [
    {
      how: 'nobody was told',
      script: scenario('ghost-of-an-absent-order'),
      ...withhold('task.raised'),
      end: () => {},
      says: /counted as absent and is at the broker, and nobody was told/,
    },
  ],
  durable: [
    {
      how: 'the promise is not written down',
      script: DAY,
      ...withhold('order.send-started'),
      says: /leaves for the 1\. time, and 0 sends/,
    },
    {
      how: 'a cancel that nobody asked for',
      script: DAY,
      end: (w) => {
        const { clOrdID, orderID } = entryOf(w)
        if (clOrdID) w.oracles.beforeWrite({ kind: 'cancel', clOrdID, orderID })
      },
      says: /a cancel of .* leaves that nobody asked for/,
    },
  ],
  kept: [
    {
      how: 'what is not durable is acknowledged',
      script: DAY,
      end: (w) => w.oracles.acknowledged({ size: w.rows.length + 1, hash: '' }),
      says: /was acknowledged, and \d+ rows are durable/,
    },
    {
      how: 'what was acknowledged is another row after the start',
      script: DAY,
      end: async (w) => {
        w.oracles.acknowledged({ size: 3, hash: 'another' })
        await w.oracles.reopened()
      },
      says: /acknowledged with row 2 is not in the journal any more/,
    },
    {
      how: 'the last row is gone after the start',
      script: DAY,
      end: async (w) => {
        const journal = w.store.journal.bind(w.store)
        w.store.journal = async (from, limit) => (await journal(from, limit)).slice(0, -1)
        await w.oracles.reopened()
      },
      says: /rows were durable, and \d+ are there after the start/,
    },
  ],
  fills: [
    {
      how: 'a fill is lost',
      script: DAY,
      end: (w) => {
        const entry = entryOf(w)
        const { execID } = w.broker.truth.flatMap((o) => o.reports).find((r) => r.execType === 'Trade') as {
          execID: ExecID
        }
        const trade = entry.reports.find((r) => r.execID === execID)
        if (trade) entry.reports.push({ ...trade, execID: 'E-lost' as ExecID })
      },
      says: /filled of .*: 20 in our book, 40 in truth/,
    },
    {
      how: 'a fill is not in the journal',
      script: DAY,
      ...withhold('execution.reported'),
      end: () => {},
      says: /trades of .* in the journal: 20 in our book, 0 in truth/,
    },
  ],
  halt: [
    { how: 'the release was none', script: RELEASED, ...withhold('halt.released'), says: /leaves during a halt/ },
    {
      how: 'the release of a part was none',
      script: `${PART}\nrelease by=rik scope=symbol:AAPL\nsignal I2 BUY AAPL entry=190.00 stop=188.00\napprove I2 by=ana`,
      ...withhold('halt.released'),
      says: /leaves during a halt of symbol:AAPL/,
    },
    {
      how: 'the HALT file is there',
      script: DAY,
      scene: () => ({ haltFile: 'present' }),
      says: /while the HALT file is there/,
    },
  ],
  canceled: [
    {
      how: 'an order rests on',
      script: HALT,
      ...withhold('order.cancel-requested'),
      says: /no cancel of it was asked for/,
    },
    {
      how: 'what waits of a part that is halted waits on',
      script: PART,
      ...withhold('intent.withdrawn'),
      says: /I1 waits on in a part that was halted/,
    },
    {
      how: 'it still works at the end',
      script: HALT,
      end: (w) => void (entryOf(w).open = true),
      says: /still works at the broker/,
    },
  ],
  covered: [
    {
      how: 'a naked share',
      script: DAY,
      end: (w) => void (stopOf(w).open = false),
      says: /20 AAPL are held, and stops cover 0/,
    },
    {
      how: 'a stop too many',
      script: `${DAY}\ncancel I1 by=ana`,
      end: (w) => void (stopOf(w).terms = { ...stopOf(w).terms, orderQty: qty('40') }),
      says: /one too many opens a position/,
    },
    {
      how: 'a position is given up before anything was tried',
      script: DAY,
      ...rows('execution.reported', (row, w) =>
        w.rows.some(({ action }) => action === 'task.raised')
          ? row
          : { ...row, action: 'task.raised', object: { type: 'task', id: `UNPROTECTED:${row.object.id}`, rev: 0 } },
      ),
      says: /was given up after 0 stops/,
    },
  ],
  blind: [
    {
      how: 'the quote is too old',
      script: DAY.replace('ask=190.05', 'ask=190.05 quote=stuck\nwait 6s'),
      lies: ({ broker, clock }) => {
        const quote = broker.quote.bind(broker)
        broker.quote = async (symbol) => {
          const told = await quote(symbol)
          return told && { ...told, at: clock.now() }
        }
      },
      says: /without a quote of AAPL of the last 5000 ms/,
    },
    {
      how: 'the market is shut',
      script: DAY.replace('ask=190.05', 'ask=190.05 session=closed'),
      lies: ({ broker }) => {
        const session = broker.session.bind(broker)
        // What the gateway hears is not what was said.
        broker.session = async (symbol) => ({ ...(await session(symbol)), open: true })
      },
      says: /has not called the market of AAPL open lately/,
    },
    {
      how: 'the account is blocked',
      script: DAY,
      lies: ({ broker }) => {
        const accountFact = broker.accountFact.bind(broker)
        broker.accountFact = async () => ({ ...(await accountFact()), status: 'Active' })
        broker.status = 'Blocked'
      },
      says: /has not been called active lately/,
    },
    {
      how: 'the broker holds something else',
      script: DAY,
      lies: ({ broker }) => {
        const positions = broker.positions.bind(broker)
        broker.positions = async () => (await positions()).map((p) => ({ ...p, netQty: qty('0') }))
        broker.elsewhere.set('AAPL', qty('5'))
      },
      says: /holds another position in AAPL than our book/,
    },
  ],
  limits: [
    {
      how: 'the position',
      script: DAY,
      ...policy({ maxPositionNotional: amt('9000') }),
      says: /9880\.00 beside 0\.00 held and 0 in flight: 9000/,
    },
    {
      how: 'what is in flight',
      script: `${HEAD}approve I1 by=ana\nwait 2m\nsignal I2 BUY AAPL entry=190.00 stop=188.00\napprove I2 by=ana`,
      ...policy({ maxPositionNotional: amt('15000') }),
      says: /9880\.00 beside 0\.00 held and 9880\.00 in flight/,
    },
    {
      how: 'the risk of one trade',
      script: DAY,
      ...policy({ riskPerTrade: dec('0.001') }),
      says: /loses more at its stop than one trade may/,
    },
    { how: 'one order', script: DAY, ...policy({ maxOrderNotional: amt('9000') }), says: /one order may cost 9000/ },
    { how: 'the stage', script: DAY, ...policy({ stageMaxNotional: amt('9000') }), says: /one order may cost 9000/ },
    {
      how: 'the buying power',
      script: DAY,
      lies: ({ broker }) => {
        const accountFact = broker.accountFact.bind(broker)
        broker.accountFact = async () => ({ ...(await accountFact()), buyingPower: amt('400000') })
        broker.buyingPower = amt('10000')
      },
      says: /more than the buying power leaves/,
    },
    {
      how: 'a restricted symbol',
      script: DAY,
      scene: () => ({ limits: { ...LIMITS.symbols, lists: { ...LIMITS.symbols.lists, restricted: ['AAPL'] } } }),
      says: /is in AAPL, which is restricted/,
    },
    // prettier-ignore
    ...(
      [
        ['maxDayTurnover', '0.5', 'hard', '0.09', /makes 9880 of maxDayTurnover, and 0\.09 may be/],
        ['maxDayTurnover', '0.5', 'soft', '0.09', /beyond the soft 0\.09, and only clicks let it go/],
        ['maxGrossExposure', '0.5', 'hard', '0.09', /makes 9880 of maxGrossExposure/],
        ['maxNetExposure', '0.5', 'hard', '0.09', /makes 9880 of maxNetExposure/],
        ['maxSymbolShare', '0.5', 'hard', '0.09', /makes 9880 of maxSymbolShare/],
        ['maxOpenPositions', '3', 'hard', '0', /makes 1 of maxOpenPositions/],
        ['maxOrdersPerDay', '9', 'hard', '0', /makes 1 of maxOrdersPerDay/],
        ['maxOrdersPerMinute', '9', 'hard', '0', /makes 1 of maxOrdersPerMinute/],
        ['maxRepeats', '9', 'hard', '0', /makes 1 of maxRepeats/],
        ['dayLoss', '0.5', 'hard', '0', /makes 0 of dayLoss/],
        ['drawdown', '0.5', 'hard', '0', /makes 0 of drawdown/],
      ] as const
    ).map(([name, is, bound, told, says]) => ({
      how: `the ${bound} ${name}`,
      script: limited(`${name}=${is}`),
      ...rows('limits.opened', (row) => {
        const { limits } = row.data as unknown as Happened['limits.opened']
        const values = { ...limits.values, [name]: { ...limits.values[name], [bound]: dec(told) } }
        return { ...row, data: { limits: { ...limits, values } } as never }
      }),
      says,
    })),
    {
      how: 'a day that begins with what nobody said',
      script: limited('maxDayTurnover=0.5'),
      ...rows('day.opened', (row) => ({
        ...row,
        data: { ...row.data, opening: { ...(row.data['opening'] as object), equity: '999999' } },
      })),
      says: /opens 2026-11-23 with 999999, which the broker never said/,
    },
  ],
  room: [
    {
      how: 'repeats that never were',
      script: scenario('limit-repeats'),
      ...rows('intent.refused', (row) => ({
        ...row,
        data: { ...row.data, refusals: [{ code: 'REPEATS_EXCEEDED', count: 3, limit: 2 }] },
      })),
      says: /was refused \(REPEATS_EXCEEDED\) for 3, and there were 2/,
    },
  ],
  seen: [
    {
      how: 'nobody did it',
      script: DAY,
      ...rows('intent.approved', (row) => ({ ...row, actor: { ...row.actor, id: '' } })),
      says: /does not say who did it/,
    },
    {
      how: 'what was not halted is released',
      script: RELEASED,
      ...rows('halt.released', (row) => ({ ...row, object: { ...row.object, id: 'symbol:MSFT' } })),
      says: /releases symbol:MSFT, which is not halted/,
    },
    {
      how: 'at no time',
      script: DAY,
      ...rows('intent.approved', (row) => ({ ...row, ts: 'today' })),
      says: /has no time/,
    },
  ],
  asked: [
    {
      how: 'somebody else halted',
      script: HALT,
      ...rows('halt.engaged', inTheNameOf('bo')),
      says: /bo never asked for row \d+ \(halt\.engaged global\)/,
    },
    {
      how: 'the halt names somebody else',
      script: HALT,
      ...rows('halt.engaged', (row) => ({ ...row, data: { ...row.data, by: 'bo' } })),
      says: /is rik's, and names bo/,
    },
    {
      how: 'somebody else released',
      script: RELEASED,
      ...rows('halt.released', inTheNameOf('ana')),
      says: /ana never asked for row \d+ \(halt\.released global\)/,
    },
    {
      how: 'somebody else canceled',
      script: CANCELED,
      ...rows('order.cancel-requested', inTheNameOf('bo')),
      says: /bo never asked for row \d+ \(order\.cancel-requested/,
    },
    {
      how: 'another order was canceled',
      script: CANCELED,
      ...rows('order.cancel-requested', (row, w) => ({
        ...row,
        object: { ...row.object, id: w.rows.findLast((r) => r.object.id.endsWith('-s1'))?.object.id ?? '' },
      })),
      says: /ana never asked for row \d+ \(order\.cancel-requested .*-s1\)/,
    },
    {
      how: 'somebody else declined',
      script: DECLINED,
      ...rows('intent.declined', inTheNameOf('bo')),
      says: /bo never asked for row \d+ \(intent\.declined I1\)/,
    },
    {
      how: 'somebody else withdrew',
      script: WITHDRAWN,
      ...rows('intent.withdrawn', inTheNameOf('bo')),
      says: /bo never asked for row \d+ \(intent\.withdrawn I1\)/,
    },
    {
      how: 'somebody else wanted a new ticket',
      script: `${HEAD}reprice I1 by=ana`,
      ...rows('intent.ticketed', inTheNameOf('bo')),
      says: /bo never asked for row \d+ \(intent\.ticketed I1\)/,
    },
    {
      how: 'another difference was explained',
      script: TAKEN_IN,
      ...rows('order.adopted', (row) => ((within(row, 'order', 'terms')['symbol'] = 'MSFT'), row)),
      says: /rik never asked for row \d+ \(order\.adopted/,
    },
    {
      how: 'a halt that lets work what works cancels',
      script: `${DAY}\nhalt by=rik level=K2\ncancel I1 by=ana`,
      ...rows('order.cancel-requested', (row) => ({ ...row, data: { ...row.data, why: 'halt' } })),
      says: /is canceled for a halt, and none that holds takes it back/,
    },
    {
      how: 'another part was halted',
      script: PART,
      ...rows('halt.engaged', (row) => ({ ...row, object: { ...row.object, id: 'symbol:MSFT' } })),
      says: /rik never asked for row \d+ \(halt\.engaged symbol:MSFT\)/,
    },
    {
      how: 'it was asked for only afterwards',
      script: `${DAY}\nwait 1s\ncancel I1 by=ana`,
      ...rows('order.accepted', (row) => ({
        ...row,
        action: 'order.cancel-requested',
        actor: { ...row.actor, type: 'person', id: 'ana' },
        data: { why: 'asked for' },
      })),
      says: /ana never asked for row/,
    },
  ],
  answered: [
    ...Object.entries({
      'ana asks to decline I1': [DECLINED, 'intent.declined'],
      'ana asks to withdraw I1': [WITHDRAWN, 'intent.withdrawn'],
      'rik asks to halt': [HALT, 'halt.engaged'],
      'rik asks to release': [RELEASED, 'halt.released'],
      'ana asks to cancel': [CANCELED, 'order.cancel-requested'],
      'ana asks to approve I1': [DAY, 'intent.approved'],
      'ana asks to replace': [CHANGED, 'order.replace-requested'],
      'ana asks to reprice I1': [`${HEAD}reprice I1 by=ana`, 'intent.ticketed'],
      'rik asks to take-in AAPL': [TAKEN_IN, 'order.adopted'],
    } as const).map(
      ([words, [script, action]]): Case => ({
        how: `nothing came of it: ${words}`,
        script,
        // What was taken in cannot trade in a book that it is not in.
        ...withhold(action, ...(action === 'order.adopted' ? ['execution.reported'] : [])),
        end: () => {},
        says: new RegExp(`${words}.* was answered as done, and the journal has nothing of it`),
      }),
    ),
    {
      how: 'it is done and called refused',
      script: `${HALT} -> Denied NOT_ELIGIBLE`,
      opened: ({ desk }) => {
        const own = { ...desk }
        desk.halt = async (ask) => {
          await own.halt(ask)
          return deny('NOT_ELIGIBLE', 'Not you.')
        }
      },
      end: () => {},
      says: /rik asks to halt was refused \(NOT_ELIGIBLE\), and row \d+ \(halt\.engaged\) says that it was done/,
    },
    {
      how: 'trading is called halted, and goes on',
      script: `${DAY}\nhalt by=rik -> Denied ALREADY_HALTED`,
      opened: ({ desk }) => {
        desk.halt = async () => deny('ALREADY_HALTED', 'Trading is halted already.')
      },
      end: () => {},
      says: /rik was told that trading is halted already, and it was not/,
    },
  ],
  journal: [
    {
      how: 'a row was edited',
      script: DAY,
      end: (w) => {
        const journal = w.store.journal.bind(w.store)
        w.store.journal = async (from, limit) =>
          (await journal(from, limit)).map((row) => (row.seq === 5 ? { ...row, corr: 'x' } : row))
      },
      says: /EDITED/,
    },
    {
      how: 'a checkpoint is of another journal',
      script: DAY,
      end: (w) => void w.notes.push('another'),
      says: /DAMAGED/,
    },
  ],
  views: [
    {
      how: 'a record was changed by hand',
      script: DAY,
      end: async ({ store }) => {
        const task = await store.get('intent', 'I1')
        if (task) await store.transact((tx) => tx.put('intent', { ...task, attempts: 7 }))
      },
      says: /intent I1 is .* on the screen/,
    },
    {
      how: 'a record came from nowhere',
      script: DAY,
      end: ({ store }) => store.transact((tx) => tx.put('halt', { scope: 'global', state: null })),
      says: /halt global is .* on the screen, and null by the journal/,
    },
  ],
  account: [
    {
      how: 'a paper order under a live policy',
      script: DAY,
      ...policy({ environment: 'live' }),
      says: /goes to paper:sim:main under a policy for live:sim:/,
    },
    {
      how: 'another account',
      script: DAY,
      ...rows('order.created', (row) => (Object.assign(within(row, 'order'), { account: 'paper:sim:other' }), row)),
      says: /paper:sim:other goes to paper:sim:main/,
    },
  ],
  books: [
    {
      how: 'it is closed there',
      script: DAY,
      end: (w) => void (entryOf(w).open = false),
      says: /open in our book and not at the broker/,
    },
    {
      how: 'one that nobody knows works there',
      script: DAY,
      end: (w) => void w.broker.place(entryOf(w).terms, null, null),
      says: /is open at the broker and not in our book/,
    },
    {
      how: 'another position',
      script: DAY,
      end: (w) => void w.broker.elsewhere.set('AAPL', qty('1')),
      says: /20 AAPL by our book, 21 at the broker/,
    },
    {
      how: 'it is closed there, and its symbol is frozen for nothing',
      script: DAY,
      end: (w) => {
        entryOf(w).open = false
        freeze(w)
      },
      says: /not at the broker; AAPL is frozen, and nothing in this world explains why/,
    },
    {
      how: 'another position, and a freeze that nothing explains',
      script: DAY,
      end: (w) => {
        const netQty = w.broker.netQty.bind(w.broker)
        w.broker.netQty = (symbol) => plus(netQty(symbol), dec('1'))
        freeze(w)
      },
      says: /20 AAPL by our book, 21 at the broker; AAPL is frozen, and nothing in this world explains why/,
    },
    {
      how: 'another size',
      script: DAY,
      end: (w) => void (entryOf(w).terms = { ...entryOf(w).terms, orderQty: qty('60') }),
      says: /size of .*: 52 in our book, 60 in truth/,
    },
  ],
  frozen: [{ how: 'it never thawed', script: THAWED, ...withhold('instrument.thawed'), says: /while AAPL was frozen/ }],
  compared: [
    {
      how: 'released without a comparison',
      script: RELEASED,
      ...withhold('account.reconciled'),
      says: /without a comparison/,
    },
    {
      how: 'thawed without a person',
      script: THAWED,
      ...withhold('task.closed'),
      says: /before a person had closed its task/,
    },
  ],
  people: [
    {
      how: 'an agent approves',
      script: DAY,
      ...rows('intent.approved', (row) => ({ ...row, actor: { ...row.actor, type: 'agent' } })),
      says: /agent ana did approve I1: that takes a person/,
    },
    {
      how: 'a trader approves',
      script: DAY,
      ...rows('person.added', (row) => (Object.assign(within(row, 'person'), { roles: ['trader'] }), row)),
      says: /has only the roles trader/,
    },
    {
      how: 'somebody is added while the house runs',
      script: DAY,
      ...rows('intent.received', (row, w) => ({ ...earlier(w, 'person.added'), seq: row.seq })),
      says: /row \d+ adds ana, and nobody joins a house that runs/,
    },
    {
      how: 'whoever proposed approves',
      script: DAY,
      ...rows('intent.received', (row) => (Object.assign(within(row, 'intent'), { proposerOwner: 'ana' }), row)),
      says: /which is their own proposal/,
    },
    {
      how: 'an agent changes an order',
      script: CHANGED,
      ...rows('order.replace-requested', (row) => ({ ...row, actor: { ...row.actor, type: 'agent' } })),
      says: /agent ana did change/,
    },
    {
      how: 'an agent releases',
      script: RELEASED,
      ...rows('halt.released', (row) => ({ ...row, actor: { ...row.actor, type: 'agent' } })),
      says: /release the halt: that takes a person/,
    },
    {
      how: 'an agent makes a new ticket',
      script: `${HEAD}reprice I1 by=ana`,
      ...rows('intent.ticketed', (row) =>
        row.actor.type === 'person' ? { ...row, actor: { ...row.actor, type: 'agent' } } : row,
      ),
      says: /agent ana made a new ticket of I1/,
    },
    {
      how: 'a new ticket that nobody wanted',
      script: DAY,
      ...rows('intent.ticketed', (row) => ({ ...row, data: { ...row.data, why: 'repriced' } })),
      says: /system gateway made a new ticket of I1 at the word of nobody/,
    },
    {
      how: 'a task closes itself',
      script: THAWED,
      ...rows('task.closed', (row) => ({ ...row, actor: { ...row.actor, type: 'system' } })),
      says: /closed task FROZEN:AAPL/,
    },
  ],
  decimals: [
    {
      how: 'a number',
      script: DAY,
      ...rows('intent.ticketed', (row) => (Object.assign(within(row, 'ticket', 'terms'), { orderQty: 52 }), row)),
      says: /orderQty is 52/,
    },
    {
      how: 'another spelling',
      script: DAY,
      ...rows('intent.ticketed', (row) => (Object.assign(within(row, 'ticket', 'terms'), { price: '0190.00' }), row)),
      says: /price is "0190.00"/,
    },
  ],
  lively: [
    {
      how: 'a doubt that could have ended',
      script: scenario('lost-reply-never-provable'),
      end: (w) => void (w.broker.capabilities = { ...w.broker.capabilities, absenceProvenAfterMs: 5_000 }),
      says: /is InDoubt for ever/,
    },
    {
      how: 'an errand that nobody runs',
      script: DAY,
      end: (w) => w.clock.advance(600_000),
      says: /an errand is overdue by/,
    },
    {
      how: 'an errand that is put off for ever',
      script: DAY,
      end: (w) => w.clock.advance(-600_000),
      says: /is put off by \d+ ms/,
    },
  ],
  quiet: [{ how: 'an error', script: DAY, end: (w) => void w.logs.push('error: x'), says: /error: x/ }],
}

async function judge(w: Watched, end?: Case['end']): Promise<readonly Violation[]> {
  await w.see(async () => end?.(w))
  await w.see(() => w.oracles.atEnd())
  return w.violations
}

describe('the oracles', () => {
  const open: Watched[] = []
  after(() => Promise.all(open.map((w) => w.store.close())))

  for (const [promise, cases] of Object.entries(BROKEN) as [Promised, readonly Case[]][])
    for (const { how, script, end, says, ...tampering } of cases)
      it(`see it when broken: ${PROMISES[promise]}: ${how}`, async () => {
        const w = await played(script, tampering, end !== undefined)
        open.push(w)
        const seen = end === undefined ? w.violations : await judge(w, end)
        const found = seen.find((v) => v.oracle === PROMISES[promise] && says.test(v.message))
        assert.ok(found, `seen instead: ${seen.map((v) => v.message).join('\n') || 'nothing'}`)
      })

  it('find nothing in what is as it should be', async () => {
    for (const script of [DAY, CHANGED, HALT, RELEASED, THAWED, CANCELED, TAKEN_IN]) {
      const w = await played(script)
      open.push(w)
      assert.deepEqual(
        (await judge(w)).map((v) => v.message),
        [],
      )
      assert.ok(w.broker.sends.length > 0, script)
    }
  })

  it('excuse a difference that other hands made in a symbol that is frozen for it', async () => {
    const w = await played(DAY)
    open.push(w)
    w.broker.elsewhere.set('AAPL', qty('1'))
    freeze(w)
    assert.deepEqual(
      (await judge(w)).map((v) => v.message),
      [],
    )
  })

  // The ones in which most goes wrong.
  for (const name of [
    'bust-of-the-last-fill',
    'crash-after-a-replacement-was-booked',
    'fill-first-reply-lost',
    'fill-first-then-no',
    'filled-before-the-replacement',
    'ghost-beside-a-second-order',
    'ghost-of-an-absent-order',
    'ghost-while-its-intent-waits',
    'halt-with-a-replacement-in-doubt',
    'halt-with-an-order-that-never-arrived',
    'hands-on-our-stop',
    'limit-drawdown-over-night',
    'limit-loss-of-a-day',
    'limit-messages-of-a-minute',
    'limit-repeats',
    'limit-soft',
    'limit-turnover-of-a-day',
    'lost-reply-never-provable',
    'replacement-that-arrives-late',
    'replaced-on-the-brokers-own-page',
    'replace-during-a-halt',
  ])
    it(`find nothing in a world that goes as it should: ${name}`, async () => {
      const w = await played(scenario(name))
      open.push(w)
      assert.deepEqual(
        (await judge(w)).map((v) => v.message),
        [],
      )
    })
})
