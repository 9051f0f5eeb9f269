import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { link } from '../journal/chain.ts'
import { signCheckpoint, verifierKey } from '../journal/checkpoint.ts'
import { EMPTY, grow, leafHash, sha256Text } from '../journal/merkle.ts'
import type { Row } from '../journal/row.ts'
import type { Kind } from '../journal/verify.ts'
import type { Clock } from '../ports/clock.ts'
import { Fault } from '../values/fault.ts'
import { fromMs, type Instant } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { type Anchor, appendAnchor, newestAnchor, readAnchors } from './anchors.ts'
import { backupTo } from './backup.ts'
import { exportJournal, journalBytes, verifyDatabase, verifyExport, type Witnesses } from './export.ts'
import { openSqliteStore, type SqliteStore } from './sqlite.ts'

const clock: Clock = {
  now: () => fromMs(Date.now()),
  monotonicNs: () => process.hrtime.bigint(),
  sleep: async () => {},
}
const ORIGIN = 'jax.example/audit/one'
const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')
const KEYS = [verifierKey(ORIGIN, ours.publicKey)]

let root: string
let made = 0
const folder = (): string => {
  const path = join(root, `t${made++}`)
  mkdirSync(path)
  return path
}

const append = (store: SqliteStore, n: number): Promise<void> =>
  store.transact(async (tx) => {
    for (let i = 0; i < n; i++) {
      await tx.append({
        action: 'order.sent',
        actor: { type: 'system', id: 'worker', via: 'worker', session: null },
        object: { type: 'order', id: `O${i}`, rev: 1 },
        corr: 'corr-1',
        data: { price: '187.50', text: 'café "x"\n' },
      })
    }
  })
async function anchor(store: SqliteStore, file: string): Promise<void> {
  const { size, root: top } = await store.head()
  appendAnchor(file, { at: clock.now(), note: signCheckpoint({ origin: ORIGIN, size, root: top }, ours.privateKey) })
}

/** A closed database of 60 rows, anchored at 20, 40 and 50; a copy of it as it was at 40. */
async function ledger(): Promise<{ file: string; anchors: string; yesterday: string }> {
  const path = folder()
  const [file, anchors, yesterday] = [join(path, 'ledger.db'), join(path, 'anchors.jsonl'), join(path, 'yesterday.db')]
  const store = await openSqliteStore({ file, clock, boot: 'boot-1' })
  await append(store, 20)
  await anchor(store, anchors)
  await append(store, 20)
  await anchor(store, anchors)
  await backupTo(file, yesterday)
  await append(store, 10)
  await anchor(store, anchors)
  await append(store, 10)
  await store.close()
  return { file, anchors, yesterday }
}

/** Work on the file that somebody with the disk in hand would do: the triggers go first. */
function tamper(file: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(file)
  db.exec(
    'DROP TRIGGER journal_is_gapless; DROP TRIGGER journal_is_never_edited; DROP TRIGGER journal_is_never_shortened',
  )
  work(db)
  db.close()
}
const bytesOf = (db: DatabaseSync, seq: number): string =>
  String(db.prepare('SELECT bytes FROM journal WHERE seq = ?').get(seq)?.['bytes'])
const setBytes = (db: DatabaseSync, seq: number, bytes: string): void => {
  db.prepare('UPDATE journal SET bytes = ? WHERE seq = ?').run(bytes, seq)
}
/** Row numbers are CHECKed to be above zero, so rows move through a second table. */
function renumber(db: DatabaseSync, from: number, by: number): void {
  db.exec(`CREATE TEMP TABLE moved AS SELECT * FROM journal WHERE seq >= ${from};
    DELETE FROM journal WHERE seq >= ${from};
    INSERT INTO journal SELECT seq + ${by}, corr, action, bytes FROM moved;
    DROP TABLE moved`)
}
const insert = (db: DatabaseSync, seq: number, bytes: string): void => {
  db.prepare('INSERT INTO journal (seq, corr, action, bytes) VALUES (?, ?, ?, ?)').run(
    seq,
    'corr-1',
    'order.sent',
    bytes,
  )
}
/** Links every row from `from` on anew and records the new end, as somebody with our source code would. */
function relink(db: DatabaseSync, from: number): void {
  const rows = db.prepare('SELECT seq, bytes FROM journal ORDER BY seq').all()
  let [prev, frontier] = ['', EMPTY]
  for (const [i, row] of rows.entries()) {
    let bytes = String(row['bytes'])
    if (i >= from) {
      const old = JSON.parse(bytes) as Row
      bytes = link(old, { ...old, seq: i, prev }).bytes
      setBytes(db, i, bytes)
    }
    prev = sha256Text(bytes)
    frontier = grow(frontier, leafHash(bytes))
  }
  db.prepare('UPDATE head SET size = ?, hash = ?, frontier = ?').run(rows.length, prev, JSON.stringify(frontier.nodes))
}

before(() => {
  root = mkdtempSync(join(tmpdir(), 'tamper-'))
})
after(() => rmSync(root, { recursive: true, force: true }))

describe('tampering with the database file is found, and named', () => {
  type Ledger = Awaited<ReturnType<typeof ledger>>
  type Case = readonly [what: string, kind: Kind, seq: number | null, work: (l: Ledger) => void | Promise<void>]
  const edit =
    (work: (db: DatabaseSync) => void) =>
    ({ file }: Ledger): void =>
      tamper(file, work)
  const forged = (db: DatabaseSync, seq: number): string => {
    const old = JSON.parse(bytesOf(db, seq)) as Row
    return link({ ...old, data: { price: '1.00' } }, old).bytes
  }
  const forgeNote = (size: number, key = theirs.privateKey): string =>
    signCheckpoint({ origin: ORIGIN, size, root: 'ab'.repeat(32) }, key)
  // biome-ignore format: a table reads in columns
  const cases: readonly Case[] = [
    ['one byte edited',                             'EDITED',        30, edit((db) => setBytes(db, 30, bytesOf(db, 30).replace('187.50', '187.51')))],
    ['the last row edited',                         'EDITED',        59, edit((db) => setBytes(db, 59, bytesOf(db, 59).replace('187.50', '187.51')))],
    ['a row replaced, its own link kept',           'EDITED',        30, edit((db) => setBytes(db, 30, forged(db, 30)))],
    ['a row deleted',                               'DELETED',       30, edit((db) => db.exec('DELETE FROM journal WHERE seq = 30'))],
    ['a row deleted, the rest renumbered',          'DELETED',       30, edit((db) => { db.exec('DELETE FROM journal WHERE seq = 30'); renumber(db, 31, -1) })],
    ['two rows swapped',                            'REORDERED',     30, edit((db) => { const [a, b] = [bytesOf(db, 30), bytesOf(db, 31)]; setBytes(db, 30, b); setBytes(db, 31, a) })],
    ['a row inserted, linked to the one before',    'INSERTED',      30, edit((db) => { const bytes = forged(db, 30); renumber(db, 30, 1); insert(db, 30, bytes) })],
    ['a row inserted, the whole chain made anew',   'FORKED',        20, edit((db) => { const bytes = forged(db, 30); renumber(db, 30, 1); insert(db, 30, bytes); relink(db, 31) })],
    ['a row edited, the whole chain made anew',     'FORKED',        20, edit((db) => { setBytes(db, 30, forged(db, 30)); relink(db, 31) })],
    ['the tail cut off',                            'TRUNCATED',     45, edit((db) => db.exec('DELETE FROM journal WHERE seq >= 45'))],
    ['the tail cut off after the last anchor',      'TRUNCATED',     55, edit((db) => db.exec('DELETE FROM journal WHERE seq >= 55'))],
    ['the tail cut off and the head made anew',     'ROLLED_BACK',   45, edit((db) => { db.exec('DELETE FROM journal WHERE seq >= 45'); relink(db, 45) })],
    ['yesterday’s copy put back',                   'ROLLED_BACK',   40, ({ file, yesterday }) => copyFileSync(yesterday, file)],
    ['yesterday’s copy put back and gone on with',  'FORKED',        40, async ({ file, yesterday }) => {
      copyFileSync(yesterday, file)
      const store = await openSqliteStore({ file, clock, boot: 'boot-2' })
      await append(store, 30)
      await store.close()
    }],
    ['a row appended behind the store’s back',      'INSERTED',      60, edit((db) => { const old = JSON.parse(bytesOf(db, 59)) as Row; insert(db, 60, link(old, { ...old, seq: 60, prev: sha256Text(bytesOf(db, 59)) }).bytes) })],
    ['a row in another spelling',                   'NOT_CANONICAL', 30, edit((db) => setBytes(db, 30, JSON.stringify({ b: 0, ...JSON.parse(bytesOf(db, 30)) }).replace('"b":0,', ' ')))],
    ['a row that is no row',                        'DAMAGED',       30, edit((db) => setBytes(db, 30, canonical({ hello: 'world' })))],
    ['a checkpoint signed by another key',          'BAD_SIGNATURE', null, ({ anchors }) => appendAnchor(anchors, { at: clock.now(), note: forgeNote(55) })],
    ['a checkpoint over another tree',              'FORKED',        50, ({ anchors }) => appendAnchor(anchors, { at: clock.now(), note: forgeNote(55, ours.privateKey) })],
    ['an anchor line that was damaged',             'DAMAGED',       null, ({ anchors }) => writeFileSync(anchors, `${readFileSync(anchors, 'utf8').slice(0, 40)}\n`)],
  ]
  for (const [what, kind, seq, work] of cases) {
    it(`${what}: ${kind}${seq === null ? '' : ` at ${seq}`}`, async () => {
      const all = await ledger()
      const witnesses = (): Witnesses => ({ anchors: readAnchors(all.anchors), keys: KEYS })
      assert.deepEqual(verifyDatabase(all.file, witnesses()).firstBad, null)
      await work(all)
      const found = verifyDatabase(all.file, witnesses())
      assert.deepEqual(
        { kind: found.firstBad?.kind, seq: found.firstBad?.seq },
        { kind, seq },
        found.firstBad?.text ?? '',
      )

      // An export says the same, with nothing but files.
      const out = join(folder(), 'export')
      exportJournal(all.file, out, witnesses())
      const exported = verifyExport(out, KEYS)
      const gap = kind === 'DELETED' || kind === 'TRUNCATED' || exported.firstBad?.seq === seq
      assert.ok(gap && exported.firstBad?.kind === kind, `export: ${JSON.stringify(exported.firstBad)}`)
    })
  }

  it('a record of the end that was removed is DAMAGED, after everything else was checked', async () => {
    const { file, anchors } = await ledger()
    tamper(file, (db) => db.exec('DELETE FROM head'))
    const witnesses = { anchors: readAnchors(anchors), keys: KEYS }
    const found = verifyDatabase(file, witnesses)
    assert.deepEqual([found.firstBad?.kind, found.rows, found.checkpoints.verified], ['DAMAGED', 60, 3])
    const out = join(folder(), 'export')
    assert.equal(exportJournal(file, out, witnesses), 60)
    assert.equal(verifyExport(out).ok, true)
  })

  it('side-stepping the verifier with the newest anchor at hand stops the start as well', async () => {
    const { file, anchors, yesterday } = await ledger()
    const newest = verifyDatabase(file, { anchors: readAnchors(anchors), keys: KEYS }).newest
    assert.equal(newest?.size, 50)
    const anchored = newest ?? undefined
    await (await openSqliteStore({ file, clock, boot: 'boot-2', anchored })).close()
    copyFileSync(yesterday, file)
    await assert.rejects(
      openSqliteStore({ file, clock, boot: 'boot-3', anchored }),
      (thrown: unknown) => thrown instanceof Fault && thrown.code === 'STORE_ROLLED_BACK',
    )
  })
})

describe('an export', () => {
  it('is verified without the database, by the bytes that were hashed', async () => {
    const { file, anchors } = await ledger()
    const out = join(folder(), 'export')
    const witnesses = { anchors: readAnchors(anchors), keys: KEYS }
    assert.equal(exportJournal(file, out, witnesses), 60)
    const inside = verifyDatabase(file, witnesses)
    rmSync(file)
    const outside = verifyExport(out)
    assert.equal(outside.firstBad, null)
    assert.deepEqual(outside, inside)
    assert.deepEqual(outside.checkpoints, { given: 3, verified: 3 })
    const readme = readFileSync(join(out, 'README.md'), 'utf8')
    for (const word of ['journal.jsonl', 'SHA-256(0x00', 'signed-note']) assert.ok(readme.includes(word), word)
  })

  // biome-ignore format: a table reads in columns
  const harms: readonly (readonly [what: string, kind: Kind, seq: number | null, harm: (lines: string[]) => string])[] = [
    ['with a line removed',        'DELETED',   30,   (l) => `${l.toSpliced(30, 1).join('\n')}\n`],
    ['with two lines swapped',     'REORDERED', 30,   (l) => `${l.with(30, l[31] ?? '').with(31, l[30] ?? '').join('\n')}\n`],
    ['with a line repeated',       'INSERTED',  31,   (l) => `${l.toSpliced(30, 0, l[30] ?? '').join('\n')}\n`],
    ['with an empty line in it',   'DAMAGED',   30,   (l) => `${l.toSpliced(30, 0, '').join('\n')}\n`],
    ['cut at a line',              'TRUNCATED', 45,   (l) => `${l.slice(0, 45).join('\n')}\n`],
    ['cut within a line',          'DAMAGED',   45,   (l) => l.slice(0, 46).join('\n').slice(0, -9)],
    ['with Windows line ends',     'NOT_CANONICAL', 0, (l) => `${l.join('\r\n')}\r\n`],
    ['with a byte order mark',     'DAMAGED',   0,    (l) => `\ufeff${l.join('\n')}\n`],
    ['emptied',                    'TRUNCATED', 0,    () => ''],
  ]
  for (const [what, kind, seq, harm] of harms) {
    it(`${what}: ${kind}`, async () => {
      const { file, anchors } = await ledger()
      const out = join(folder(), 'export')
      exportJournal(file, out, { anchors: readAnchors(anchors), keys: KEYS })
      const path = join(out, 'journal.jsonl')
      writeFileSync(path, harm(readFileSync(path, 'utf8').trimEnd().split('\n')))
      const { firstBad } = verifyExport(out)
      assert.deepEqual({ kind: firstBad?.kind, seq: firstBad?.seq }, { kind, seq }, firstBad?.text ?? '')
    })
  }

  it('with a head that cannot be read is still checked by its rows and anchors', async () => {
    const { file, anchors } = await ledger()
    const out = join(folder(), 'export')
    exportJournal(file, out, { anchors: readAnchors(anchors), keys: KEYS })
    writeFileSync(join(out, 'head.json'), 'nonsense')
    assert.equal(verifyExport(out).ok, true)
    writeFileSync(join(out, 'journal.jsonl'), '')
    assert.equal(verifyExport(out).firstBad?.kind, 'TRUNCATED')
  })

  it('never mixes with another one', async () => {
    const { file } = await ledger()
    const out = folder()
    assert.throws(
      () => exportJournal(file, out, { anchors: [], keys: [] }),
      (thrown) => thrown instanceof Fault && thrown.code === 'EXPORT_EXISTS',
    )
  })

  it('of many rows keeps every byte, over every block', async () => {
    const file = join(folder(), 'ledger.db')
    const store = await openSqliteStore({ file, clock, boot: 'boot-1' })
    for (let i = 0; i < 4; i++) await append(store, 2000)
    await store.transact((tx) =>
      tx.append({
        action: 'a',
        actor: { type: 'system', id: 's', via: 'worker', session: null },
        object: { type: 't', id: 'i', rev: 1 },
        corr: 'c',
        data: { text: 'é'.repeat(2_000_000) },
      }),
    )
    await append(store, 10)
    const head = await store.head()
    await store.close()
    const out = join(folder(), 'export')
    exportJournal(file, out, { anchors: [], keys: [] })
    const found = verifyExport(out)
    assert.deepEqual([found.firstBad, found.rows, found.root], [null, 8011, head.root])
    assert.equal([...journalBytes(file)].length, 8011)
  })
})

describe('anchors', () => {
  const at = (n: number): Instant => fromMs(Date.UTC(2026, 10, 22) + n)
  const note = (size: number): string =>
    signCheckpoint({ origin: ORIGIN, size, root: 'ab'.repeat(32) }, ours.privateKey)
  const three = (): string => {
    const file = join(folder(), 'anchors.jsonl')
    for (const n of [1, 2, 3]) appendAnchor(file, { at: at(n), note: note(n) })
    return file
  }

  it('come back as they went in, oldest first', () => {
    assert.deepEqual(
      readAnchors(three()),
      [1, 2, 3].map((n): Anchor => ({ at: at(n), note: note(n) })),
    )
    assert.deepEqual(readAnchors(join(root, 'not there')), [])
    assert.equal(newestAnchor(join(root, 'not there')), null)
  })

  it('the newest is that of the largest checkpoint, wherever it stands', () => {
    const file = three()
    appendAnchor(file, { at: at(4), note: note(2) })
    assert.deepEqual(newestAnchor(file), { at: at(3), note: note(3) })
  })

  it('a last line that a crash tore is no anchor, and the next one takes its place', () => {
    const file = three()
    const whole = readFileSync(file)
    for (const cut of [1, 20, 100]) {
      writeFileSync(file, whole.subarray(0, whole.length - cut))
      assert.deepEqual(readAnchors(file).length, 2)
      appendAnchor(file, { at: at(9), note: note(9) })
      assert.deepEqual(
        readAnchors(file).map((a) => a.at),
        [at(1), at(2), at(9)],
      )
    }
  })

  it('a file of nothing but a torn line starts anew', () => {
    const file = join(folder(), 'anchors.jsonl')
    for (const torn of ['', '{"at":', 'x'.repeat(10_000)]) {
      writeFileSync(file, torn)
      assert.deepEqual(readAnchors(file), [])
      appendAnchor(file, { at: at(1), note: note(1) })
      assert.deepEqual(readAnchors(file), [{ at: at(1), note: note(1) }])
    }
  })

  it('a damaged line in between is kept as what it is, so that the verifier meets it', () => {
    const file = three()
    const lines = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, lines.with(1, 'gar\u0000bage').join('\n'))
    assert.deepEqual(readAnchors(file)[1], { at: null, note: 'gar\u0000bage' })
    assert.deepEqual(newestAnchor(file), { at: at(3), note: note(3) })
  })
})

describe('a backup', () => {
  it('of a running store is a consistent moment, and opens', async () => {
    const path = folder()
    const file = join(path, 'ledger.db')
    const store = await openSqliteStore({ file, clock, boot: 'boot-1' })
    await append(store, 500)
    let going = true
    const writing = (async () => {
      while (going) await append(store, 5)
    })()
    const copy = join(path, 'copy.db')
    const head = await backupTo(file, copy)
    going = false
    await writing
    const last = await store.head()
    assert.equal(await store.rootAt(head.size), head.root)
    await store.close()
    assert.ok(head.size >= 500 && head.size <= last.size)
    for (const suffix of ['.partial', '-wal', '-shm', '-journal']) assert.equal(existsSync(`${copy}${suffix}`), false)
    assert.equal(verifyDatabase(copy, { anchors: [], keys: [] }).rows, head.size)
    const restored = await openSqliteStore({ file: copy, clock, boot: 'boot-2', anchored: head })
    await append(restored, 1)
    await restored.close()
  })

  it('never replaces another file, and leaves nothing behind when it fails', async () => {
    const { file, yesterday } = await ledger()
    const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted
    await assert.rejects(backupTo(file, yesterday), code('BACKUP_EXISTS'))
    await assert.rejects(backupTo(join(root, 'nowhere.db'), join(root, 'copy.db')), code('STORE_NO_DIRECTORY'))
    writeFileSync(file, 'not a database '.repeat(1000))
    const target = join(folder(), 'copy.db')
    await assert.rejects(backupTo(file, target), code('STORE_DAMAGED'))
    for (const left of [target, `${target}.partial`]) assert.equal(existsSync(left), false)
  })
})
