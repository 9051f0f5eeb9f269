import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { play } from '../../test/scenarios/commands.ts'
import { parseScenario } from '../../test/scenarios/language.ts'
import { World } from '../../test/scenarios/world.ts'
import type { AccountReading } from '../ports/records.ts'
import type { IntentID } from '../values/brand.ts'
import { amt, text } from '../values/decimal.ts'

const MARKET = 'market AAPL bid=189.95 ask=190.05\nmarket MSFT bid=409.95 ask=410.05'

async function played(script: string): Promise<World> {
  const w = new World()
  await more(w, script)
  return w
}
async function more(w: World, script: string): Promise<void> {
  for (const line of parseScenario(`# For the test.\n${script}`).lines) await play(w, [line])
}
const turnover = async (w: World): Promise<string> => text((await w.store.get('day', 'account'))?.turnover ?? amt('0'))
const refusals = async (w: World, id: string): Promise<readonly string[]> =>
  ((await w.store.get('intent', id as IntentID))?.refusals ?? []).map(({ code }) => code)
/** How much of a limit is used, of how much. */
const used = async (w: World, name: string): Promise<string> => {
  const row = (await w.desk.limitsNow())?.used.find((one) => one.name === name)
  return `${row?.used ? text(row.used) : '—'} of ${row?.limit ? text(row.limit) : '—'}`
}
/** What a reading of the account finds, made now. */
async function reading(w: World): Promise<AccountReading> {
  const [account, positions] = [await w.broker.accountFact(), await w.broker.positions()]
  return { account, positions, at: w.clock.now(), afterRow: (await w.store.head()).size }
}
/** The broker says that the account is worth this, and holds so much cash, while nobody else asks. */
async function reads(w: World, equity: string, cash: string): Promise<void> {
  w.clock.advance(1_000)
  const { account, ...rest } = await reading(w)
  await w.desk.recordFacts({
    markets: [],
    account: { ...rest, account: { ...account, equity: amt(equity), cash: amt(cash) } },
  })
}
const halted = async (w: World): Promise<string> => (await w.store.get('halt', 'global'))?.state?.level ?? 'running'

describe('the turnover of a day', () => {
  it('counts what is sent after the clock was set back over midnight', async () => {
    const w = await played(
      `limits maxDayTurnover=0.149\n${MARKET}\nwait 10s\nworker sleeps\nwait 14h\nworker wakes\nwait 30s`,
    )
    w.clock.advance(-120_000)
    await more(w, `signal I1 BUY AAPL entry=190.00 stop=170.00\napprove I1 by=ana`)
    assert.equal(await turnover(w), '9500.00')
    await more(w, 'signal I2 BUY MSFT entry=410.00 stop=370.00 -> AwaitingApproval qty=13')
  })
  it('is not made smaller by an order of yesterday that is changed today', async () => {
    const w =
      await played(`limits maxDayTurnover=0.149\ncan replace\npolicy duplicates=1s explicitQty=not-larger\n${MARKET}
order I1 BUY 50 AAPL LMT 190.00 GTC stop=170.00 expires=60h
approve I1 by=ana
worker sleeps
wait 14h
worker wakes
wait 30s
signal I2 BUY MSFT entry=410.00 stop=370.00
approve I2 by=ana
wait 3s
replace I1 by=ana price=190.01 -> Denied GATE_REFUSED DAY_TURNOVER_EXCEEDED`)
    assert.equal(await turnover(w), '9840.00')
  })
})

describe('the height that an account may fall from', () => {
  it('rises with what is paid in on the same day', async () => {
    const w = await played(`limits drawdown=0.15\n${MARKET}\nwait 30s\nworker sleeps`)
    await reads(w, '120000', '120000')
    await reads(w, '92000', '120000')
    assert.equal(await used(w, 'drawdown'), '28000.00 of 18000.00')
  })
  it('is not raised by the cash of a sale that nobody has heard of', async () => {
    const w = await played(`limits drawdown=0.15\npolicy maxOrder=50000 maxPosition=50000\n${MARKET}
signal I1 BUY AAPL entry=190.00 stop=182.00
approve I1 by=ana
report I1 Fill 125 @ 190.00
wait 30s
worker sleeps
signal I2 BUY MSFT entry=410.00 stop=370.00 expires=40h
quietly I1.stop Fill 125 @ 182.00`)
    w.clock.advance(14 * 3_600_000)
    await more(w, 'worker wakes\ncrash\nwait 30s')
    const opening = (await w.store.get('day', 'account'))?.opening
    assert.equal(opening && text(opening.highEquity), '100000.00')
    assert.equal(await halted(w), 'running')
  })
})

describe('a loss', () => {
  it('is seen, and hidden by no deposit, while the broker holds a little more by fees in kind', async () => {
    const w = await played(`limits dayLoss=0.02
takes crypto types=Market,Limit,StopLimit tif=GTC,IOC bracket=no oneCancelsOther=no
market BTC/USD class=crypto lot=0.000000001 least=10 shortable=no bid=59990.00 ask=60010.00
wait 5s
signal I1 BUY BTC/USD entry=60000.00 stop=57000.00
approve I1 by=ana
report I1 Fill 0.166666666 @ 60000.00 kept=0.000416667 really=0.00025
wait 5s
report I1.stop Fill 0.166249999 @ 57000.00
wait 30s
reconcile
wait 5s
worker sleeps`)
    assert.equal((await w.store.get('reconcile', w.broker.account))?.clean, true)
    const { cash } = (await reading(w)).account
    await reads(w, '95000', text(cash))
    assert.equal(await used(w, 'dayLoss'), '5000.00 of 2000.00')
    await reads(w, '105000', String(Number(text(cash)) + 10_000))
    assert.match(await used(w, 'dayLoss'), /^5000\.00 of 2200/)
    assert.deepEqual(await refusals(w, 'I1'), [])
  })
})
