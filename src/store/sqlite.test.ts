import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { Entry } from '../journal/row.ts'
import type { Clock } from '../ports/clock.ts'
import { Fault } from '../values/fault.ts'
import { fromMs, instant } from '../values/instant.ts'
import { openReads, openSqliteStore, type SqliteStore } from './sqlite.ts'
import { bindable, Connection } from './sqlite/connection.ts'
import { type Migration, migrate, readMigrations } from './sqlite/migrate.ts'

const clock: Clock = {
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: async () => {},
}
const entry = (id: string, data: Entry['data'] = {}): Entry => ({
  action: 'thing.happened',
  actor: { type: 'system', id: 'test', via: 'worker', session: null },
  object: { type: 'thing', id, rev: 1 },
  corr: `corr-${id}`,
  data,
})
const fault =
  (code: string, says: RegExp = /./) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof Fault, `a Fault, not ${String(thrown)}`)
    assert.equal(thrown.code, code, thrown.message)
    assert.match(thrown.message, says)
    return true
  }

let root: string
let made = 0
/** A folder of its own for each test. */
const folder = (): string => {
  const path = join(root, `t${made++}`)
  mkdirSync(path)
  return path
}
const open = (file: string, boot = 'boot-1'): Promise<SqliteStore> => openSqliteStore({ file, clock, boot })
const append = (store: SqliteStore, n: number, from = 0): Promise<void> =>
  store.transact(async (tx) => {
    for (let i = from; i < from + n; i++) await tx.append(entry(String(i)))
  })
/** A database with `n` rows, closed. */
async function closed(n: number): Promise<string> {
  const file = join(folder(), 'ledger.db')
  const store = await open(file)
  await append(store, n)
  await store.close()
  return file
}
/** Changes a closed database by hand. */
function byHand(file: string, sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

before(() => {
  root = mkdtempSync(join(tmpdir(), 'store-'))
})
after(() => rmSync(root, { recursive: true, force: true }))

describe('opening', () => {
  it('makes the folder and a file that only the owner can read', async () => {
    const file = join(folder(), 'a', 'b', 'ledger.db')
    const store = await open(file)
    await append(store, 1)
    if (process.platform !== 'win32') {
      for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(`${file}${suffix}`).mode & 0o077, 0, suffix)
      assert.equal(statSync(join(file, '..')).mode & 0o077, 0)
    }
    await store.close()
    assert.equal(existsSync(`${file}-wal`), false, 'a closed database is one file')
  })

  it('writes every commit to the disk before it is acknowledged', async () => {
    const file = await closed(1)
    const store = await open(file)
    const db = new DatabaseSync(file, { readOnly: true })
    assert.equal(db.prepare('PRAGMA journal_mode').get()?.['journal_mode'], 'wal')
    db.close()
    await store.close()
    const connection = new Connection(file, { readOnly: false })
    assert.equal(connection.pragma('synchronous'), 2, 'FULL is what this SQLite was built with')
    connection.close()
  })

  // biome-ignore format: a table reads in columns
  const damages: readonly (readonly [what: string, rows: number, damage: (file: string) => void, code: string, says: RegExp])[] = [
    ['a first page of nonsense',        5,    (f) => writeFileSync(f, 'not a database '.repeat(1000)),                                 'STORE_DAMAGED', /not a database.*restore the last backup/],
    ['a file that was cut',             500,  (f) => truncateSync(f, 40_960),                                                           'STORE_DAMAGED', /restore/],
    ['a missing row at the end',        50,   (f) => byHand(f, 'DROP TRIGGER journal_is_never_shortened; DELETE FROM journal WHERE seq = 49'), 'STORE_DAMAGED', /holds 49 rows and 50 were recorded/],
    ['a missing row in between',        50,   (f) => byHand(f, 'DROP TRIGGER journal_is_never_shortened; DELETE FROM journal WHERE seq = 20'), 'STORE_DAMAGED', /row 20 is missing/],
    ['an edited row',                   50,   (f) => byHand(f, `DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = replace(bytes, 'thing', 'thong') WHERE seq = 20`), 'STORE_DAMAGED', /row 21 does not link/],
    ['an edited last row',              50,   (f) => byHand(f, `DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = replace(bytes, 'thing', 'thong') WHERE seq = 49`), 'STORE_DAMAGED', /the last row is not/],
    ['an unreadable row',               50,   (f) => byHand(f, `DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = 'x' WHERE seq = 20`), 'STORE_DAMAGED', /row 20: the row is not JSON/],
    ['an edited row far from the end',  1500, (f) => byHand(f, `DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = replace(bytes, 'thing', 'thong') WHERE seq = 700`), 'STORE_DAMAGED', /row 701/],
    ['a tree that was edited',          50,   (f) => byHand(f, `UPDATE head SET frontier = replace(frontier, 'a', 'b')`),               'STORE_DAMAGED', /not those that were recorded/],
    ['an unreadable tree',              50,   (f) => byHand(f, `UPDATE head SET frontier = '[]'`),                                      'STORE_DAMAGED', /cannot be read/],
    ['no head',                         50,   (f) => byHand(f, `DELETE FROM head`),                                                     'STORE_DAMAGED', /where the journal ends is missing/],
    ['a newer schema',                  5,    (f) => byHand(f, 'PRAGMA user_version = 99'),                                             'STORE_NEWER',   /newer version.*schema 99/],
    ['a database of another program',   5,    (f) => { rmSync(f); byHand(f, 'CREATE TABLE t (a)') },                                     'STORE_DAMAGED', /another program/],
  ]
  for (const [what, rows, damage, code, says] of damages) {
    it(`refuses ${what}, and leaves no lock behind`, async () => {
      const file = await closed(rows)
      damage(file)
      await assert.rejects(open(file), fault(code, says))
      await assert.rejects(open(file), fault(code, says))
    })
  }

  it('refuses a path through a file, a file that is a folder, and a folder that is a file', async () => {
    const path = folder()
    writeFileSync(join(path, 'file'), '')
    await assert.rejects(open(join(path, 'file', 'ledger.db')), fault('STORE_NO_DIRECTORY', /not a directory/))
    await assert.rejects(
      open(join(path, 'file', 'deeper', 'ledger.db')),
      fault('STORE_NO_DIRECTORY', /not a directory/),
    )
    await assert.rejects(open(path), fault('STORE_NO_DIRECTORY', /is not a file/))
  })

  it('refuses a folder it may not write', async (t) => {
    if (process.platform === 'win32') return t.skip('permissions are not octal there')
    const path = folder()
    if (process.getuid?.() !== 0) {
      chmodSync(path, 0o500)
      await assert.rejects(
        open(join(path, 'ledger.db')),
        fault('STORE_READ_ONLY', /may not be written|cannot be opened/),
      )
      await assert.rejects(open(join(path, 'deeper', 'ledger.db')), fault('STORE_READ_ONLY', /may not be written/))
      chmodSync(path, 0o700)
    } else {
      // Permissions do not stop root; the kernel's own folders do.
      if (!existsSync('/sys/kernel')) return t.skip('root, and no folder that refuses root')
      await assert.rejects(
        open('/sys/kernel/ledger.db'),
        fault('STORE_READ_ONLY', /may not be written|cannot be opened/),
      )
      await assert.rejects(open('/sys/kernel/deeper/ledger.db'), fault('STORE_READ_ONLY', /may not be written/))
    }
  })

  it('refuses a journal that is older or other than the newest anchor', async () => {
    const file = await closed(2100)
    const store = await open(file)
    const roots = new Map<number, string>()
    for (const size of [0, 1, 1024, 1500, 2048, 2100]) roots.set(size, (await store.rootAt(size)) ?? '')
    assert.equal(roots.get(2100), (await store.head()).root)
    assert.equal(await store.rootAt(2101), null)
    await store.close()
    for (const [size, root] of roots) {
      const again = await openSqliteStore({ file, clock, boot: 'b', anchored: { size, root } })
      await again.close()
    }
    const old = { size: 2101, root: roots.get(2100) ?? '' }
    await assert.rejects(
      openSqliteStore({ file, clock, boot: 'b', anchored: old }),
      fault('STORE_ROLLED_BACK', /ends before row 2101/),
    )
    const other = { size: 1500, root: roots.get(1024) ?? '' }
    await assert.rejects(
      openSqliteStore({ file, clock, boot: 'b', anchored: other }),
      fault('STORE_ROLLED_BACK', /first 1500 rows are not/),
    )
  })

  it('takes a start and not the whole history: 1024 rows are re-hashed at least, 2047 at most', async () => {
    const file = await closed(5000)
    byHand(
      file,
      `DROP TRIGGER journal_is_never_edited; UPDATE journal SET bytes = replace(bytes, 'thing', 'thong') WHERE seq = 100`,
    )
    const store = await open(file)
    assert.equal((await store.head()).size, 5000)
    await store.close()
  })
})

describe('one writer', () => {
  it('a second one is refused and told who holds it', async () => {
    const file = join(folder(), 'ledger.db')
    const store = await open(file)
    await assert.rejects(
      open(file),
      fault('STORE_LOCKED', new RegExp(`in use by process ${process.pid} on .+ since 2.+Z`)),
    )
    await store.close()
    await (await open(file)).close()
  })

  it('a killed one leaves nothing to clean up', { timeout: 60_000 }, async () => {
    const file = join(folder(), 'ledger.db')
    const program = `
      const { openSqliteStore } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)})
      const clock = { now: () => Date.now() * 1000, monotonicNs: () => process.hrtime.bigint(), sleep: async () => {} }
      await openSqliteStore({ file: process.argv[1], clock, boot: 'child' })
      console.log('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await assert.rejects(open(file), fault('STORE_LOCKED', new RegExp(`process ${child.pid} `)))
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok(existsSync(`${file}.lock.json`), 'the note of the killed process is still there, and harmless')
    const store = await open(file)
    await append(store, 1)
    await store.close()
  })

  it('notices another program that wrote behind its back', async () => {
    const file = await closed(3)
    const store = await open(file)
    byHand(file, 'UPDATE head SET size = 4')
    await assert.rejects(append(store, 1), fault('STORE_DAMAGED', /another program has written/))
    await assert.rejects(append(store, 1), fault('STORE_DAMAGED'))
    await store.close()
  })

  it('waits a little for a foreign lock, then says so and goes on later', { timeout: 20_000 }, async () => {
    const file = await closed(1)
    const store = await open(file)
    const shell = new DatabaseSync(file)
    shell.exec('BEGIN IMMEDIATE')
    await assert.rejects(append(store, 1), fault('STORE_BUSY', /another program is writing/))
    shell.exec('ROLLBACK')
    shell.close()
    await append(store, 1)
    assert.equal((await store.head()).size, 2)
    await store.close()
  })
})

describe('the journal table', () => {
  // biome-ignore format: a table reads in columns
  const forbidden: readonly (readonly [sql: string, says: RegExp])[] = [
    [`UPDATE journal SET bytes = 'x' WHERE seq = 1`,                                     /append-only/],
    [`DELETE FROM journal WHERE seq = 1`,                                                /append-only/],
    [`INSERT INTO journal (seq, corr, action, bytes) VALUES (7, 'c', 'a', 'x')`,         /gapless/],
    [`INSERT OR REPLACE INTO journal (seq, corr, action, bytes) VALUES (1, 'c', 'a', 'x')`, /gapless/],
    [`INSERT INTO journal (seq, corr, action, bytes) VALUES (3, 'c', 'a', NULL)`,        /NOT NULL/],
    [`INSERT INTO journal (seq, corr, action, bytes) VALUES (3, 'c', 'a', x'00')`,       /cannot store BLOB/],
  ]
  for (const [sql, says] of forbidden) {
    it(`refuses ${sql}`, async () => {
      const file = await closed(3)
      assert.throws(() => byHand(file, sql), says)
    })
  }

  it('refuses ATTACH, by which SQL could write another file', async () => {
    const file = await closed(1)
    const db = new Connection(file, { readOnly: false })
    const other = join(folder(), 'other.db')
    assert.throws(() => db.exec(`ATTACH '${other}' AS other`), /not authorized/)
    assert.equal(existsSync(other), false)
    db.close()
  })
})

describe('parameters', () => {
  // biome-ignore format: a table reads in columns
  const refused: readonly (readonly [what: string, value: unknown])[] = [
    ['undefined', undefined], ['NaN', Number.NaN], ['a fraction', 0.1], ['beyond 2^53', 2 ** 53], ['a Date', new Date(0)], ['an object', {}],
    ['a list', []], ['a Map', new Map()], ['a boolean', true], ['a bigint', 1n], ['a symbol', Symbol('x')], ['half a surrogate pair', '\udc00'],
  ]
  for (const [what, value] of refused)
    it(`${what} is refused`, () => assert.throws(() => bindable(value), fault('NOT_BINDABLE')))

  it('text, whole numbers, bytes and null are taken', () => {
    for (const value of ['', 'é𝕏', 0, -1, 2 ** 53 - 1, null, new Uint8Array([1])]) assert.equal(bindable(value), value)
  })

  it('one too few or too many is refused', () => {
    const db = new Connection(':memory:', { readOnly: false })
    assert.throws(() => db.get('SELECT ? AS a, ? AS b', 1), fault('NOT_BINDABLE', /2 parameters wanted, 1 given/))
    assert.throws(() => db.get('SELECT ? AS a', 1, 2), fault('NOT_BINDABLE'))
    db.close()
  })
})

describe('commits', () => {
  it('are shared by the commands that wait together, 64 at most', async () => {
    const file = join(folder(), 'ledger.db')
    const store = await open(file)
    const reader = new DatabaseSync(file, { readOnly: true })
    /** Every commit moves the log's end, which another connection sees as a new data version. */
    const version = (): number => Number(reader.prepare('PRAGMA data_version').get()?.['data_version'])
    const seen = new Set<number>([version()])
    const commands = Array.from({ length: 200 }, (_, i) =>
      store
        .transact((tx) => tx.append(entry(String(i))))
        .then((row) => {
          seen.add(version())
          return row.seq
        }),
    )
    assert.deepEqual(
      await Promise.all(commands),
      Array.from({ length: 200 }, (_, i) => i),
    )
    assert.equal(seen.size - 1, Math.ceil(200 / 64))
    reader.close()
    await store.close()
  })

  const text = 'x'.repeat(2_000_000)

  it('that do not fit are refused, and the store goes on', async () => {
    const file = join(folder(), 'ledger.db')
    const store = await openSqliteStore({ file, clock, boot: 'b', maxPages: 100 })
    await append(store, 10)
    const results = await Promise.allSettled(
      [{}, { text }, {}].map((data) => store.transact((tx) => tx.append(entry('some', data)))),
    )
    const [, large] = results
    assert.ok(large?.status === 'rejected' && fault('STORE_FULL', /make room/)(large.reason))
    const kept = results.filter(({ status }) => status === 'fulfilled').length
    assert.equal((await store.head()).size, 10 + kept)
    await append(store, 5)
    const { size, hash } = await store.head()
    await store.close()
    const again = await open(file)
    assert.deepEqual([size, (await again.head()).hash], [15 + kept, hash])
    await again.close()
  })

  it('fail as one when the disk is full, whoever hides it, and the store goes on when there is room', async (t) => {
    const disk = folder()
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status !== 0) {
      return t.skip('a small disk can be mounted by root on Linux only')
    }
    try {
      const file = join(disk, 'ledger.db')
      const store = await open(file)
      await append(store, 10)
      const results = await Promise.allSettled([
        store.transact((tx) => tx.append(entry('neighbour'))),
        store.transact(async (tx) => {
          await tx.append(entry('large', { text })).catch(() => {})
          return 'all is well'
        }),
      ])
      for (const result of results) {
        assert.ok(result.status === 'rejected' && fault('STORE_FULL', /make room/)(result.reason))
      }
      assert.equal((await store.head()).size, 10)
      await append(store, 5)
      await store.close()
      const again = await open(file)
      assert.equal((await again.head()).size, 15)
      await again.close()
    } finally {
      spawnSync('umount', ['-l', disk])
    }
  })

  it('are refused after a disk error until the store is opened again', { timeout: 60_000 }, async (t) => {
    if (process.platform === 'win32') return t.skip('no limit on file sizes there')
    const file = join(folder(), 'ledger.db')
    const program = `
      const { openSqliteStore } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)})
      const clock = { now: () => Date.now() * 1000, monotonicNs: () => process.hrtime.bigint(), sleep: async () => {} }
      const store = await openSqliteStore({ file: process.argv[1], clock, boot: 'child' })
      const entry = (text) => ({ action: 'a.b', actor: { type: 'system', id: 's', via: 'worker', session: null }, object: { type: 't', id: 'i', rev: 1 }, corr: 'c', data: { text } })
      const said = []
      for (const text of ['small', 'x'.repeat(3_000_000), 'small again']) {
        said.push(await store.transact((tx) => tx.append(entry(text))).then((row) => 'row ' + row.seq, (error) => error.code))
      }
      console.log(JSON.stringify(said))
      await store.close()`
    // 2 MiB: enough for the schema, not for the large row. The kernel answers EFBIG, which SQLite calls an I/O error.
    const shell = 'ulimit -f 4096 2>/dev/null || exit 9; exec "$0" --input-type=module -e "$1" "$2"'
    const run = spawnSync('sh', ['-c', shell, process.execPath, program, file], { encoding: 'utf8' })
    assert.equal(run.status, 0, run.stderr)
    const [first, second, third] = JSON.parse(run.stdout) as string[]
    assert.equal(first, 'row 0')
    assert.match(second ?? '', /^STORE_(IO|FULL)$/)
    assert.equal(third, second === 'STORE_IO' ? 'STORE_IO' : 'row 1')
    const store = await open(file)
    await append(store, 1)
    assert.ok((await store.head()).size >= 2)
    await store.close()
  })
})

describe('readers', () => {
  it('in another thread see what is committed, and may not write', async () => {
    const file = await closed(0)
    const store = await open(file)
    await append(store, 3)
    const program = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.url).then(async ({ openReads }) => {
        const reads = openReads(workerData.file)
        parentPort.on('message', async (word) => {
          if (word === 'head') parentPort.postMessage((await reads.head()).size)
          else { reads.close(); parentPort.close() }
        })
        parentPort.postMessage('ready')
      })`
    const worker = new Worker(program, {
      eval: true,
      workerData: { file, url: new URL('./sqlite.ts', import.meta.url).href },
    })
    const next = async (): Promise<unknown> => ((await once(worker, 'message')) as unknown[])[0]
    assert.equal(await next(), 'ready')
    worker.postMessage('head')
    assert.equal(await next(), 3)
    await append(store, 2, 3)
    worker.postMessage('head')
    assert.equal(await next(), 5)
    worker.postMessage('close')
    await once(worker, 'exit')
    await store.close()
  })

  it('say that they are closed', async () => {
    const reads = openReads(await closed(1))
    assert.equal((await reads.head()).size, 1)
    reads.close()
    await assert.rejects(reads.head(), fault('STORE_CLOSED'))
  })
})

describe('questions use an index', () => {
  // biome-ignore format: a table reads in columns
  const plans: readonly (readonly [sql: string, index: RegExp])[] = [
    ['SELECT doc FROM orders WHERE is_open = 1 AND account = ? ORDER BY created_at, key',          /USING INDEX orders_open_of_account/],
    ['SELECT doc FROM orders INDEXED BY orders_open WHERE is_open = 1 ORDER BY created_at DESC, key DESC LIMIT ?', /USING INDEX orders_open$/],
    ['SELECT doc FROM orders WHERE intent_id = ? ORDER BY created_at, key',                        /USING INDEX orders_by_intent/],
    ['SELECT doc FROM orders WHERE order_id = ? AND account = ? ORDER BY created_at DESC, key DESC LIMIT 1', /USING INDEX orders_by_order_id/],
    ['SELECT doc FROM orders WHERE (created_at, key) < (?, ?) ORDER BY created_at DESC, key DESC LIMIT ?', /USING INDEX orders_by_time/],
    ['SELECT doc FROM orders WHERE symbol = ? AND (created_at, key) < (?, ?) ORDER BY created_at DESC, key DESC LIMIT ?', /USING INDEX orders_by_symbol/],
    ['SELECT doc FROM fills WHERE cl_ord_id = ? ORDER BY seq, key',                                /USING INDEX fills_by_order/],
    ['SELECT doc FROM fills WHERE symbol = ? AND account = ? ORDER BY seq, key',                   /USING INDEX fills_by_symbol /],
    ['SELECT doc FROM fills WHERE (seq, key) < (?, ?) ORDER BY seq DESC, key DESC LIMIT ?',        /USING INDEX fills_by_seq/],
    ['SELECT doc FROM fills WHERE transact_time >= ? AND transact_time < ? ORDER BY transact_time DESC, seq DESC, key DESC LIMIT ?', /USING INDEX fills_by_time/],
    ['SELECT doc FROM fills WHERE symbol = ? AND transact_time >= ? ORDER BY transact_time DESC, seq DESC, key DESC LIMIT ?', /USING INDEX fills_by_symbol_time/],
    ['SELECT doc FROM intents WHERE is_waiting = 1 ORDER BY received_at, key',                     /USING INDEX intents_waiting/],
    ['SELECT doc FROM intents WHERE symbol = ? AND received_at >= ? ORDER BY received_at, key',    /USING INDEX intents_by_symbol/],
    ['SELECT doc FROM intents WHERE state = ? AND (received_at, key) < (?, ?) ORDER BY received_at DESC, key DESC LIMIT ?', /USING INDEX intents_by_state/],
    ['SELECT doc FROM errands WHERE free_at <= ? ORDER BY due_at, key LIMIT ?',                    /USING INDEX errands_by_free_at/],
    ['SELECT min(free_at) AS due FROM errands',                                                    /USING COVERING INDEX errands_by_free_at/],
    ['SELECT bytes FROM journal WHERE corr = ? ORDER BY seq',                                      /USING INDEX journal_corr/],
    ['SELECT bytes FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?',                              /USING INTEGER PRIMARY KEY/],
  ]
  for (const [sql, index] of plans) {
    it(sql, () => {
      const db = new Connection(':memory:', { readOnly: false })
      migrate(db)
      const values = Array.from(sql.matchAll(/\?/g), () => 1)
      const plan = db.all(`EXPLAIN QUERY PLAN ${sql}`, ...values).map((step) => String(step['detail']))
      assert.match(plan.join('\n'), new RegExp(index, 'm'))
      const sorts = plan.filter((step) => step.includes('TEMP B-TREE'))
      // What is due is a handful of rows; everything else must come out of its index in order.
      assert.deepEqual(sorts, sql.includes('free_at <= ?') ? sorts : [])
      db.close()
    })
  }
})

describe('migrations', () => {
  const all = readMigrations()
  const fresh = (): Connection => new Connection(':memory:', { readOnly: false })

  it('are numbered without a gap', () => {
    assert.ok(all.length >= 1)
    const path = folder()
    for (const name of ['0001_a.sqlite.sql', '0003_c.sqlite.sql']) writeFileSync(join(path, name), 'SELECT 1;')
    assert.throws(() => readMigrations(path), fault('STORE_MIGRATIONS', /0003_c.sqlite.sql should be number 2/))
    writeFileSync(join(path, '0002_b.postgres.sql'), 'SELECT 1;')
    assert.throws(() => readMigrations(path), fault('STORE_MIGRATIONS'))
    writeFileSync(join(path, '0002_b.sqlite.sql'), 'SELECT 1;')
    assert.deepEqual(
      readMigrations(path).map((m) => m.number),
      [1, 2, 3],
    )
  })

  /** Rows as the schema of each number holds them, so that the next one has something to carry over. */
  const LEDGER = `
     INSERT INTO journal VALUES (0, 'c', 'a', '{}');
     UPDATE head SET size = 1 WHERE id = 1;
     INSERT INTO intents (key, state, symbol, strategy_id, received_at, is_waiting, doc) VALUES ('I1', 'Received', 'AAPL', 's', 1, 1, '{}');
     INSERT INTO orders (key, account, intent_id, order_id, symbol, is_open, created_at, doc) VALUES ('O1', 'a', 'I1', NULL, 'AAPL', 1, 1, '{}');
     INSERT INTO fills (key, account, intent_id, cl_ord_id, symbol, seq, transact_time, doc) VALUES ('F1', 'a', 'I1', 'O1', 'AAPL', 0, 1, '{}');
     INSERT INTO people VALUES ('ana', '{}');
     INSERT INTO errands (key, kind, due_at, free_at, doc) VALUES ('send:I1', 'send', 1, 1, '{}');`
  const WITH_IDENTITY = `${LEDGER} INSERT INTO identities VALUES ('paper:sim:main', '{}');`
  const APPROVALS = ['approval_policies', 'changes', 'passkeys', 'links', 'armings', 'challenges', 'onces', 'cards']
  const WITH_APPROVALS = `${WITH_IDENTITY} ${APPROVALS.map((table) => `INSERT INTO ${table} VALUES ('one', '{}');`).join(' ')}`
  const WITH_LIQUIDATION = `${WITH_APPROVALS} INSERT INTO liquidations VALUES ('account', '{}');`
  const LIMITS = ['risk_limits', 'trading_days']
  const WITH_LIMITS = `${WITH_LIQUIDATION} ${LIMITS.map((table) => `INSERT INTO ${table} VALUES ('account', '{}');`).join(' ')}`
  const WITH_STRATEGIES = `${WITH_LIMITS} INSERT INTO strategies VALUES ('trend', '{}');`
  const STAGES = ['stages', 'stage_days']
  const WITH_STAGES = `${WITH_STRATEGIES} ${STAGES.map((table) => `INSERT INTO ${table} VALUES ('one', '{}');`).join(' ')}`
  const WITH_DRILLS = `${WITH_STAGES} INSERT INTO drills VALUES ('one', '{}');`
  const WITH_REVIEWS = `${WITH_DRILLS} INSERT INTO reviews VALUES ('account', '{}');`
  const ROWS: readonly string[] = [
    LEDGER,
    WITH_IDENTITY,
    WITH_APPROVALS,
    WITH_LIQUIDATION,
    WITH_LIMITS,
    WITH_STRATEGIES,
    WITH_STAGES,
    WITH_DRILLS,
    WITH_REVIEWS,
    `${WITH_REVIEWS} INSERT INTO waivers VALUES ('wv_1', '{}');`,
  ]
  const TABLES_WITH_ROWS = ['journal', 'intents', 'orders', 'fills', 'people', 'errands']
  const TABLES_SINCE = [
    [],
    ['identities'],
    APPROVALS,
    ['liquidations'],
    LIMITS,
    ['strategies'],
    STAGES,
    ['drills'],
    ['reviews'],
  ]

  for (const { number } of all) {
    it(`from ${number} to the newest keep every row`, () => {
      const db = fresh()
      migrate(db, all.slice(0, number))
      assert.equal(db.pragma('user_version'), number)
      const rows = ROWS[number - 1]
      assert.ok(rows, 'add rows of the new schema to this test')
      db.exec(rows)
      assert.equal(migrate(db, all), number)
      assert.equal(db.pragma('user_version'), all.length)
      for (const table of [...TABLES_WITH_ROWS, ...TABLES_SINCE.slice(0, number).flat()])
        assert.equal(db.get(`SELECT count(*) AS n FROM ${table}`)?.['n'], 1, table)
      db.close()
    })
  }

  const next = (sql: string): readonly Migration[] => [...all, { number: all.length + 1, name: 'next', sql }]

  it('carry rows over into a changed table', () => {
    const db = fresh()
    migrate(db, all)
    db.exec(ROWS.at(-1) as string)
    migrate(
      db,
      next(`ALTER TABLE orders ADD COLUMN side TEXT NOT NULL DEFAULT 'Buy'; UPDATE orders SET side = 'Sell';`),
    )
    assert.deepEqual(
      db.get('SELECT key, side FROM orders'),
      Object.assign(Object.create(null), { key: 'O1', side: 'Sell' }),
    )
    assert.equal(db.pragma('user_version'), all.length + 1)
    db.close()
  })

  it('that fail leave everything as it was', () => {
    const db = fresh()
    migrate(db, all)
    db.exec(ROWS.at(-1) as string)
    const broken = next('CREATE TABLE half (a); DELETE FROM orders; SELECT * FROM nowhere;')
    assert.throws(() => migrate(db, broken), fault('STORE_MIGRATIONS', /next failed and was undone.*nowhere/))
    assert.equal(db.pragma('user_version'), all.length)
    assert.equal(db.get('SELECT count(*) AS n FROM orders')?.['n'], 1)
    assert.equal(db.get(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'`)?.['n'], 0)
    db.close()
  })

  it('are run once', () => {
    const db = fresh()
    assert.equal(migrate(db, all), 0)
    assert.equal(migrate(db, all), all.length)
    db.close()
  })

  it('hold no number as a parameter where a partial index needs it spelled out', () => {
    const reads = readFileSync(new URL('./sqlite/reads.ts', import.meta.url), 'utf8')
    assert.doesNotMatch(reads, /is_(open|waiting) = \?/)
  })
})

it('a wall clock before the last row of the same run does not turn the journal’s time back', async () => {
  const file = join(folder(), 'ledger.db')
  let [wall, mono] = [2_000_000, 100n]
  const stepping: Clock = { now: () => instant(wall), monotonicNs: () => mono, sleep: async () => {} }
  const store = await openSqliteStore({ file, clock: stepping, boot: 'same' })
  await append(store, 1)
  await store.close()
  ;[wall, mono] = [1_000_000, 7n]
  const again = await openSqliteStore({ file, clock: stepping, boot: 'same' })
  await append(again, 1)
  const [first, second] = await again.journal(0, 2)
  assert.deepEqual([second?.ts, second?.mono], [first?.ts, first?.mono])
  await again.close()
})
