import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromMs, plusMs, rfc3339 } from '../values/instant.ts'
import { canonical } from '../values/json.ts'
import { GENESIS, link, type Place } from './chain.ts'
import { signCheckpoint, verifierKey } from './checkpoint.ts'
import { EMPTY, grow, leafHash, rootOf, rootOfLeaves, sha256Text } from './merkle.ts'
import type { Row } from './row.ts'
import { type Evidence, type Kind, type StoredRow, type Verdict, verifyJournal } from './verify.ts'

const ORIGIN = 'jax.example/audit/one'
const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')
const KEYS = [verifierKey(ORIGIN, ours.publicKey)]
const START = fromMs(Date.UTC(2026, 10, 22, 15))

const entry = (id: string) =>
  ({
    action: 'thing.happened',
    actor: { type: 'system', id: 'test', via: 'worker', session: null },
    object: { type: 'thing', id, rev: 1 },
    corr: `corr-${id}`,
    data: { price: '187.50', note: `row ${id}` },
  }) as const

/** An honest journal of `n` rows, two runs of the process in it. */
function journal(n: number, more: (i: number) => Partial<Place> = () => ({})): StoredRow[] {
  const rows: StoredRow[] = []
  let prev = GENESIS
  for (let seq = 0; seq < n; seq++) {
    const place = {
      seq,
      ts: rfc3339(plusMs(START, seq)),
      boot: seq < n / 2 ? 'boot-1' : 'boot-2',
      mono: String(seq * 1000),
      prev,
    }
    const { bytes, hash } = link(entry(String(seq)), { ...place, ...more(seq) })
    rows.push({ seq, bytes })
    prev = hash
  }
  return rows
}
const rootOver = (rows: readonly StoredRow[], size: number): string =>
  rootOfLeaves(rows.slice(0, size).map((row) => leafHash(row.bytes)))
const note = (rows: readonly StoredRow[], size: number, key: KeyObject = ours.privateKey): string =>
  signCheckpoint({ origin: ORIGIN, size, root: rootOver(rows, size) }, key)
const headOf = (rows: readonly StoredRow[]) => ({
  size: rows.length,
  hash: rows.length === 0 ? GENESIS : sha256Text((rows.at(-1) as StoredRow).bytes),
  root: rootOver(rows, rows.length),
})

const HONEST = journal(100)
const ANCHORS = [25, 50, 75, 90].map((size) => note(HONEST, size))
const evidence = (rows: Iterable<StoredRow>, more: Partial<Evidence> = {}): Evidence => ({
  rows,
  checkpoints: ANCHORS,
  keys: KEYS,
  ...more,
})
const verdict = (rows: Iterable<StoredRow>, more: Partial<Evidence> = {}): Verdict =>
  verifyJournal(evidence(rows, more))

const row = (rows: readonly StoredRow[], seq: number): Row => JSON.parse((rows[seq] as StoredRow).bytes) as Row
/** The same rows with one changed. */
const changed = (seq: number, change: Partial<Record<keyof Row, unknown>>): StoredRow[] =>
  HONEST.map((stored, i) => (i === seq ? { seq, bytes: canonical({ ...row(HONEST, seq), ...change }) } : stored))
const numbered = (rows: readonly StoredRow[]): StoredRow[] => rows.map(({ bytes }, seq) => ({ seq, bytes }))
/** Everything from `from` on linked anew, numbers and hashes, as somebody with the source code would do it. */
function relinked(rows: readonly StoredRow[], from: number): StoredRow[] {
  const out = rows.slice(0, from)
  for (const stored of rows.slice(from)) {
    const last = out.at(-1)
    const before = JSON.parse(stored.bytes) as Row
    const place = { ...before, seq: out.length, prev: last ? sha256Text(last.bytes) : GENESIS }
    out.push({ seq: out.length, bytes: link(before, place).bytes })
  }
  return out
}
const cut = <T>(list: readonly T[], at: number, n = 1): T[] => [...list.slice(0, at), ...list.slice(at + n)]
const inserted = (at: number, bytes: string): StoredRow[] =>
  numbered([...HONEST.slice(0, at), { seq: at, bytes }, ...HONEST.slice(at)])
const swapped = (a: number, b: number): StoredRow[] =>
  numbered(HONEST.map((stored, i) => (i === a ? HONEST[b] : i === b ? HONEST[a] : stored) as StoredRow))
const extra = (seq: number, prev: string): string =>
  link(entry('extra'), { seq, ts: row(HONEST, seq).ts, boot: row(HONEST, seq).boot, mono: row(HONEST, seq).mono, prev })
    .bytes
const hashOf = (seq: number): string => sha256Text((HONEST[seq] as StoredRow).bytes)

describe('an honest journal', () => {
  it('is found whole', () => {
    const { firstBad, ok, rows, checkpoints, newest, rowsAfterNewest, hash, root } = verdict(HONEST, {
      head: headOf(HONEST),
    })
    assert.equal(firstBad, null)
    assert.equal(ok, true)
    assert.equal(rows, 100)
    assert.deepEqual(checkpoints, { given: 4, verified: 4 })
    assert.deepEqual([newest?.size, rowsAfterNewest], [90, 10])
    assert.deepEqual({ hash, root, size: 100 }, headOf(HONEST))
  })

  for (const n of [0, 1, 2, 3, 64, 65]) {
    it(`is found whole with ${n} rows and a checkpoint at every size`, () => {
      const rows = journal(n)
      const checkpoints = Array.from({ length: n + 1 }, (_, size) => note(rows, size))
      const found = verdict(rows, { checkpoints, head: headOf(rows) })
      assert.equal(found.firstBad, null)
      assert.equal(found.checkpoints.verified, n + 1)
    })
  }

  it('may be without anchors, and says so', () => {
    const found = verdict(HONEST, { checkpoints: [], keys: [] })
    assert.equal(found.ok, true)
    assert.deepEqual([found.newest, found.rowsAfterNewest], [null, 100])
  })

  it('may have its anchors in any order, and twice', () => {
    assert.equal(verdict(HONEST, { checkpoints: [...ANCHORS].reverse().concat(ANCHORS) }).ok, true)
  })

  it('may start again with an earlier clock in another run', () => {
    const rows = journal(10, (seq) => (seq < 5 ? {} : { ts: rfc3339(plusMs(START, seq - 100)), mono: String(seq) }))
    assert.equal(verdict(rows, { checkpoints: [] }).firstBad, null)
  })
})

describe('what was done to it is found, and named', () => {
  type Case = readonly [
    what: string,
    kind: Kind,
    seq: number | null,
    rows: readonly StoredRow[],
    more?: Partial<Evidence>,
  ]
  const rolledBack = HONEST.slice(0, 80)
  const rewritten = relinked(changed(40, { data: { price: '1.00' } }), 41)
  const goneOn = [...HONEST.slice(0, 80), ...relinked(inserted(80, extra(80, hashOf(79))), 80).slice(80)]
  const wrong = (bytes: string): StoredRow[] => HONEST.map((stored, i) => (i === 30 ? { seq: 30, bytes } : stored))
  const bytes30 = (HONEST[30] as StoredRow).bytes
  // biome-ignore format: a table reads in columns
  const cases: readonly Case[] = [
    ['one byte edited',                       'EDITED',         30,   wrong(bytes30.replace('187.50', '187.51'))],
    ['one byte edited, no anchors',           'EDITED',         30,   wrong(bytes30.replace('187.50', '187.51')), { checkpoints: [] }],
    ['the first row edited',                  'EDITED',         0,    changed(0, { action: 'x.y' })],
    ['the row before a checkpoint edited',    'EDITED',         24,   changed(24, { action: 'x.y' })],
    ['the row after a checkpoint edited',     'EDITED',         25,   changed(25, { action: 'x.y' })],
    ['the last row edited',                   'EDITED',         99,   changed(99, { action: 'x.y' }), { head: headOf(HONEST) }],
    ['the last row edited, it was signed',    'FORKED',         0,    changed(99, { action: 'x.y' }), { checkpoints: [note(HONEST, 100)] }],
    ['the link of a row edited',              'EDITED',         30,   changed(30, { prev: hashOf(3) })],
    ['the link after a checkpoint edited',    'EDITED',         25,   changed(25, { prev: hashOf(3) })],
    ['the number in a row edited',            'EDITED',         30,   changed(30, { seq: 31 })],
    ['the root of the store edited',          'EDITED',         null, HONEST, { head: { ...headOf(HONEST), root: hashOf(3) } }],
    ['a row deleted',                         'DELETED',        30,   cut(HONEST, 30)],
    ['a row deleted, the rest renumbered',    'DELETED',        30,   numbered(cut(HONEST, 30))],
    ['ten rows deleted, the rest renumbered', 'DELETED',        30,   numbered(cut(HONEST, 30, 10))],
    ['the first row deleted',                 'DELETED',        0,    cut(HONEST, 0)],
    ['a row stored under another number',     'DELETED',        30,   HONEST.map((r, i) => (i === 30 ? { ...r, seq: 3000 } : r))],
    ['two rows swapped',                      'REORDERED',      30,   swapped(30, 31)],
    ['two rows far apart swapped',            'REORDERED',      30,   swapped(30, 60)],
    ['the last two rows swapped',             'REORDERED',      98,   swapped(98, 99)],
    ['the first two rows swapped',            'REORDERED',      0,    swapped(0, 1)],
    ['a row moved',                           'REORDERED',      30,   numbered([...HONEST.slice(0, 30), HONEST[60] as StoredRow, ...cut(HONEST.slice(30), 30)])],
    ['stored in another order',               'REORDERED',      30,   [...HONEST.slice(0, 30), { ...(HONEST[30] as StoredRow), seq: 3 }, ...HONEST.slice(31)]],
    ['a row inserted, linked to the one before', 'INSERTED',    30,   inserted(30, extra(30, hashOf(29)))],
    ['a row inserted with a wrong link',      'INSERTED',       30,   inserted(30, extra(30, hashOf(3)))],
    ['a row inserted with a wild number',     'INSERTED',       30,   inserted(30, canonical({ ...row(HONEST, 30), seq: 999_999 }))],
    ['a row repeated',                        'INSERTED',       31,   inserted(30, bytes30)],
    ['an earlier row repeated',               'INSERTED',       30,   inserted(30, (HONEST[3] as StoredRow).bytes)],
    ['a row appended behind the store’s back','INSERTED',       100,  [...HONEST, { seq: 100, bytes: link(entry('x'), { ...row(HONEST, 99), seq: 100, prev: hashOf(99) }).bytes }], { head: headOf(HONEST) }],
    ['a row inserted, all links made anew',   'FORKED',         25,   relinked(inserted(30, extra(30, hashOf(29))), 30)],
    ['a row edited, all links made anew',     'FORKED',         25,   rewritten],
    ['the same with the head made anew',      'FORKED',         25,   rewritten, { head: headOf(rewritten) }],
    ['a row deleted, all links made anew',    'FORKED',         25,   relinked(cut(HONEST, 30), 30)],
    ['all history made anew',                 'FORKED',         0,    relinked(journal(100, () => ({ boot: 'forged' })), 0)],
    ['an old copy put back and gone on with', 'FORKED',         75,   goneOn, { head: headOf(goneOn) }],
    ['two histories signed, one size',        'FORKED',         null, HONEST, { checkpoints: [...ANCHORS, note(rewritten, 50)] }],
    ['two histories signed, an earlier size', 'FORKED',         75,   HONEST, { checkpoints: [...ANCHORS, note(rewritten, 80)] }],
    ['the tail cut off',                      'TRUNCATED',      80,   HONEST.slice(0, 80)],
    ['the tail cut off, after the last anchor','TRUNCATED',     95,   HONEST.slice(0, 95), { head: headOf(HONEST) }],
    ['the tail cut off, the head still knows','TRUNCATED',      80,   HONEST.slice(0, 80), { head: headOf(HONEST) }],
    ['everything deleted',                    'TRUNCATED',      0,    []],
    ['yesterday’s copy put back',             'ROLLED_BACK',    80,   rolledBack, { head: headOf(rolledBack) }],
    ['an empty database put back',            'ROLLED_BACK',    0,    [], { head: headOf([]) }],
    ['the clock back within a run',           'TIME_BACKWARDS', 30,   journal(100, (i) => (i === 30 ? { ts: rfc3339(plusMs(START, 28)) } : {})), { checkpoints: [] }],
    ['the monotonic clock back within a run', 'TIME_BACKWARDS', 30,   journal(100, (i) => (i === 30 ? { mono: '28999' } : {})), { checkpoints: [] }],
    ['the clock back, an honest run between', 'TIME_BACKWARDS', 80,   journal(100, (i) => (i === 80 ? { boot: 'boot-1', ts: rfc3339(plusMs(START, 3)) } : {})), { checkpoints: [] }],
    ['a blank added',                         'NOT_CANONICAL',  30,   wrong(bytes30.replace(',"v":1', ', "v":1'))],
    ['half a row',                            'DAMAGED',        30,   wrong(bytes30.slice(0, 50))],
    ['an empty row',                          'DAMAGED',        30,   wrong('')],
    ['a row of another format',               'DAMAGED',        30,   wrong('{"hello":"world"}')],
    ['a checkpoint signed by another key',    'BAD_SIGNATURE',  null, HONEST, { checkpoints: [...ANCHORS, note(HONEST, 95, theirs.privateKey)] }],
    ['a checkpoint with another size',        'BAD_SIGNATURE',  null, HONEST, { checkpoints: [(ANCHORS[0] as string).replace('\n25\n', '\n26\n')] }],
    ['a checkpoint of another journal',       'BAD_SIGNATURE',  null, HONEST, { checkpoints: [signCheckpoint({ origin: 'else', size: 25, root: rootOver(HONEST, 25) }, ours.privateKey)] }],
    ['no key given',                          'BAD_SIGNATURE',  null, HONEST, { keys: [] }],
    ['a key that cannot be read',             'BAD_SIGNATURE',  null, HONEST, { keys: ['garbage'] }],
    ['a checkpoint that cannot be read',      'DAMAGED',        null, HONEST, { checkpoints: [...ANCHORS, 'garbage'] }],
    ['an edited row and a bad signature',     'EDITED',         30,   changed(30, { action: 'x.y' }), { checkpoints: ['garbage', ...ANCHORS] }],
  ]
  for (const [what, kind, seq, rows, more] of cases) {
    it(`${what}: ${kind}${seq === null ? '' : ` at ${seq}`}`, () => {
      const found = verdict(rows, more)
      assert.equal(found.ok, false)
      assert.deepEqual(
        { kind: found.firstBad?.kind, seq: found.firstBad?.seq },
        { kind, seq },
        found.firstBad?.text ?? '',
      )
      assert.ok((found.firstBad?.text.length ?? 0) > 10)
    })
  }
})

it('any single edit, removal, exchange or addition is found', () => {
  const edit = fc.record({
    how: fc.constantFrom('edit', 'delete', 'swap', 'insert', 'cut'),
    at: fc.nat(98),
    to: fc.nat(98),
    c: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
  })
  fc.assert(
    fc.property(edit, ({ how, at, to, c }) => {
      const stored = HONEST[at] as StoredRow
      const pos = to % stored.bytes.length
      const rows = {
        edit: () =>
          HONEST.map((r, i) => (i === at ? { seq: at, bytes: r.bytes.slice(0, pos) + c + r.bytes.slice(pos + 1) } : r)),
        delete: () => numbered(cut(HONEST, at)),
        swap: () => swapped(at, to),
        insert: () => inserted(at, (HONEST[to] as StoredRow).bytes),
        cut: () => HONEST.slice(0, Math.min(at, 89)),
      }[how]()
      fc.pre(rows.length !== HONEST.length || rows.some((r, i) => r.bytes !== HONEST[i]?.bytes))
      const found = verdict(rows)
      assert.equal(found.ok, false)
      const seq = found.firstBad?.seq ?? 0
      if (how === 'edit') assert.equal(seq, at)
      if (how === 'delete' || how === 'insert')
        assert.ok(Math.abs(seq - at) <= 1 || how === 'insert', `${how} at ${at}, said ${seq}`)
    }),
    { numRuns: 500 },
  )
})

it('never throws, whatever it is given', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...HONEST.map((r) => r.bytes), '{}', 'null', '[[', '\ud800'),
  )
  const rows = fc.array(fc.record({ seq: fc.integer(), bytes: junk }))
  const checkpoints = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...ANCHORS)))
  fc.assert(
    fc.property(rows, checkpoints, fc.array(fc.string()), (r, c, k) => {
      verifyJournal({ rows: r, checkpoints: c, keys: [...KEYS, ...k] })
    }),
  )
  const wild = [
    { seq: 0, bytes: null },
    { seq: 0, bytes: 3 },
    { seq: 0, bytes: {} },
  ] as unknown as StoredRow[]
  for (const stored of wild) assert.equal(verdict([stored]).firstBad?.kind, 'DAMAGED')
})

it('reads a stream once and lets go of it', () => {
  let [read, closed] = [0, false]
  function* stream(rows: readonly StoredRow[]): Generator<StoredRow> {
    try {
      for (const r of rows) {
        read++
        yield r
      }
    } finally {
      closed = true
    }
  }
  assert.equal(verdict(stream(HONEST)).ok, true)
  assert.deepEqual([read, closed], [100, true])
  ;[read, closed] = [0, false]
  const long = journal(3000)
  assert.equal(verdict(stream(cut(long, 10)), { checkpoints: [] }).firstBad?.kind, 'DELETED')
  assert.ok(read < 1100, `read ${read} rows to name what happened`)
  assert.equal(closed, true)
})

it('the frontier of a store and the verifier agree', () => {
  const frontier = HONEST.reduce((f, r) => grow(f, leafHash(r.bytes)), EMPTY)
  assert.equal(verdict(HONEST).root, rootOf(frontier))
})
