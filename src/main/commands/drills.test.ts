import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { World } from '../../../test/scenarios/world.ts'
import type * as wire from '../../api/wire.ts'
import type { Client } from '../client.ts'
import type { Context } from '../context.ts'
import { placesIn } from '../datadir.ts'
import { Stop } from '../exit.ts'
import { drillHold } from './drills.ts'

const HOW = { reason: 'a drill', wait: 1, yes: 'live:alpaca:main' }

/** A gateway that answers these questions and no others; and what it was asked. */
function gateway(answers: Readonly<Record<string, unknown>>, dir = '') {
  const asked: string[] = []
  const held: wire.Drill[] = []
  const client = new Proxy({} as Client, {
    get: (_, name: string) => async (body: wire.Drill) => {
      asked.push(name)
      if (name === 'recordDrill') held.push(body)
      return name === 'recordDrill' ? body : Object.hasOwn(answers, name) ? answers[name] : assert.fail(name)
    },
  })
  const ctx = {
    client: () => client,
    out: { say() {}, answer() {}, raw() {}, json: true },
    places: () => placesIn(dir),
    settings: () => ({ audit: { anchorsFile: join(dir, 'anchors.jsonl') } }),
  } as unknown as Context
  return { ctx, asked, held }
}
const stopped =
  (code: string, line: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Stop && error.code === code && line.test([error.message, ...error.lines].join('\n'))

describe('a drill', () => {
  for (const drill of ['E1', 'E2', 'E8', 'restore'])
    it(`${drill} is not held with real money, and nothing is asked of the gateway`, async () => {
      const { ctx, asked } = gateway({ stage: { environment: 'live' } })
      await assert.rejects(drillHold(ctx, drill, HOW), stopped('NOT_ON_PAPER', /drill attest/))
      assert.deepEqual(asked, ['stage'])
    })
  it('of a kill is refused with no entry at the broker, and nothing is halted', async () => {
    const open = [
      { role: 'Stop', delivery: 'Delivered' },
      { role: 'Entry', delivery: 'InDoubt' },
    ]
    const { ctx, asked } = gateway({ stage: { environment: 'paper' }, halted: {}, orders: { items: open } })
    await assert.rejects(drillHold(ctx, 'E1', HOW), stopped('NOTHING_OPEN', /jax-exec signal --id drill-1/))
    assert.deepEqual(asked, ['stage', 'halted', 'orders'])
  })
  it('of a kill that found everything filled has failed, and says so', async () => {
    const proof = [{ clOrdID: 'jx1', symbol: 'AAPL', ordStatus: 'Filled' }]
    const { ctx, held } = gateway({
      stage: { environment: 'paper' },
      halted: {},
      orders: { items: [{ role: 'Entry', delivery: 'Delivered' }] },
      halt: { openOrders: 0, proven: true, proof },
    })
    await assert.rejects(drillHold(ctx, 'E1', HOW), stopped('DRILL_FAILED', /no entry was taken back/))
    assert.deepEqual(
      held.map(({ result, orders }) => [result, orders]),
      [['failed', []]],
    )
  })
})

describe('a drill on copies of the journal', () => {
  const dir = mkdtempSync(join(tmpdir(), 'jax-drills-'))
  const { database } = placesIn(dir)
  let [rows, hash] = [0, '']
  before(async () => {
    const w = new World()
    w.file = database
    await w.open()
    ;({ size: rows, hash } = await w.store.head())
    await w.store.close()
  })
  after(() => rmSync(dir, { recursive: true, force: true }))
  const hold = async (drill: string): Promise<wire.Drill> => {
    const { ctx, held } = gateway({ stage: { environment: 'paper' } }, dir)
    await drillHold(ctx, drill, HOW).catch((error: unknown) =>
      assert.ok(stopped('DRILL_FAILED', /./)(error), String(error)),
    )
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith('drill-')),
      [],
      'nothing is left of it',
    )
    return held[0] ?? assert.fail('it was not taken down')
  }

  it('finds the one row that was changed in one (E8)', async () => {
    const { result, figures } = await hold('E8')
    const row = Math.floor(rows / 2)
    assert.deepEqual([result, figures['rows'], figures['last row']], ['passed', String(rows), hash])
    assert.match(figures['found'] ?? '', new RegExp(` at row ${row}$`))
  })
  it('restores one, verifies it and makes the same book of it', async () => {
    const { result, figures, note } = await hold('restore')
    assert.deepEqual([result, figures['rows'], figures['last row']], ['passed', String(rows), hash], note ?? '')
    for (const took of ['backup made in', 'restored and verified in', 'views folded in', 'in all'])
      assert.match(figures[took] ?? '', /^\d+\.\d s$/, took)
    assert.ok(Number(figures['bytes']) > 10_000)
  })
  it('has failed when the journal makes another book than the gateway had', async () => {
    const book = new DatabaseSync(database)
    book.exec('DELETE FROM people WHERE key IN (SELECT key FROM people LIMIT 1)')
    book.close()
    const { result, note } = await hold('restore')
    assert.equal(result, 'failed')
    assert.match(note ?? '', /Folded from the journal, these views are not those of the gateway: person\./)
  })
  it('has failed when the journal itself does not verify', async () => {
    const book = new DatabaseSync(database)
    book.exec("DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = replace(bytes, 'ana', 'bea')")
    book.close()
    const { result, note } = await hold('E8')
    assert.equal(result, 'failed')
    assert.match(note ?? '', /The journal itself does not verify: .* This is no drill/)
  })
})
