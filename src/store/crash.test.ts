import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Entry } from '../journal/row.ts'
import { flat } from '../orders/position.ts'
import type { Clock } from '../ports/clock.ts'
import { dec, text } from '../values/decimal.ts'
import { fromMs } from '../values/instant.ts'
import { verifyDatabase } from './export.ts'
import { openSqliteStore } from './sqlite.ts'

const clock: Clock = {
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: async () => {},
}
const entry = (id: string): Entry => ({
  action: 'thing.happened',
  actor: { type: 'system', id: 'child', via: 'worker', session: null },
  object: { type: 'thing', id, rev: 1 },
  corr: id,
  data: { filling: 'x'.repeat(200) },
})

/** Twelve commands in flight, each of them a row and a count that must stay equal; every acknowledgement is one line. */
async function write(file: string, round: string): Promise<void> {
  const store = await openSqliteStore({ file, clock, boot: `boot-${round}` })
  process.stdout.write('open\n')
  await Promise.all(
    Array.from({ length: 12 }, async (_, lane) => {
      for (let i = 0; ; i++) {
        const id = `${round}-${lane}-${i}`
        const wish = store.transact(async (tx) => {
          const { seq } = await tx.append(entry(id))
          await tx.put('position', { ...flat('ROWS'), netQty: dec(String(seq + 1)) })
          if (i % 7 === 3) throw new Error('this one is undone')
          return seq
        })
        const seq = await wish.catch(() => null)
        if (seq !== null) process.stdout.write(`${seq} ${id}\n`)
      }
    }),
  )
}

/** Lines of acknowledgement until the child is killed, which happens `ms` after it has opened the store. */
async function runAndKill(child: ChildProcess, ms: number): Promise<ReadonlyMap<number, string>> {
  assert.ok(child.stdout)
  const acknowledged = new Map<number, string>()
  const lines = createInterface({ input: child.stdout })
  const exit = once(child, 'exit')
  lines.on('line', (line) => {
    if (line === 'open') setTimeout(() => child.kill('SIGKILL'), ms)
    const [seq = '', id = ''] = line.split(' ')
    // The last line may be torn by the kill: without its id it was not an acknowledgement.
    if (/^\d+$/.test(seq) && /^\d+-\d+-\d+$/.test(id)) acknowledged.set(Number(seq), id)
  })
  await Promise.all([exit, once(lines, 'close')])
  assert.equal(child.signalCode, 'SIGKILL', 'the child ended by itself')
  return acknowledged
}

const [, , role, childFile = '', childRound = ''] = process.argv
if (role === 'write') await write(childFile, childRound)
else {
  it('killed ten times at any moment: nothing acknowledged is lost, nothing is half done', {
    timeout: 120_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crash-'))
    const file = join(folder, 'ledger.db')
    try {
      const acknowledged = new Map<number, string>()
      for (let round = 0; round < 10; round++) {
        const args = [fileURLToPath(import.meta.url), 'write', file, String(round)]
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
        // Any moment will do; a different one each time, from the first commits to a few hundred groups later.
        const ms = 3 + Math.floor(Math.random() * 120)
        for (const [seq, id] of await runAndKill(child, ms)) acknowledged.set(seq, id)

        const found = verifyDatabase(file, { anchors: [], keys: [] })
        assert.equal(found.firstBad, null)
        const store = await openSqliteStore({ file, clock, boot: `check-${round}` })
        const { size } = await store.head()
        assert.equal(size, found.rows)
        const rows = await store.journal(0, size + 1)
        for (const [seq, id] of acknowledged)
          assert.equal(rows[seq]?.corr, id, `acknowledged row ${seq} of round ${round}`)
        for (const row of rows) assert.notEqual(Number(row.corr.split('-')[2]) % 7, 3, 'an undone command left a row')
        const count = await store.get('position', 'ROWS')
        assert.equal(count === null ? '0' : text(count.netQty), String(size), 'rows and view were committed apart')
        await store.close()
      }
      assert.ok(acknowledged.size > 100, `only ${acknowledged.size} acknowledged rows were put to the test`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
