/**
 * How fast is a journal verified, beside hashing its rows and nothing else?
 *
 *   node bench/verify.ts [rows, 200000]
 *
 * The verifier hashes every row twice (for the chain and as a leaf) and one node of the tree, reads its fields and checks
 * its spelling. Beside it: each row hashed once with `createHash`, the way a chain without anything else would be checked;
 * once with the one-shot `hash`; and all bytes as one stream, which is what the processor can do at most.
 */
import { createHash, generateKeyPairSync, hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GENESIS, link } from '../src/journal/chain.ts'
import { signCheckpoint, verifierKey } from '../src/journal/checkpoint.ts'
import { EMPTY, grow, leafHash, rootOf } from '../src/journal/merkle.ts'
import { type StoredRow, verifyJournal } from '../src/journal/verify.ts'
import { anchorLine } from '../src/store/anchors.ts'
import { exportedRows, verifyExport } from '../src/store/export.ts'
import { fromMs, plusMs, rfc3339 } from '../src/values/instant.ts'

const ROWS = Number(process.argv[2] ?? 200_000)
const ROUNDS = 5
const START = fromMs(Date.UTC(2026, 10, 22))
const ORIGIN = 'jax.example/audit/bench'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')

const rows: StoredRow[] = []
const checkpoints: string[] = []
let frontier = EMPTY
let prev = GENESIS
for (let seq = 0; seq < ROWS; seq++) {
  const { bytes, hash: next } = link(
    {
      action: 'order.send-started',
      actor: { type: 'system', id: 'worker-1', via: 'worker', session: null },
      object: { type: 'order', id: `jx-${seq}`, rev: 3 },
      corr: `corr-${seq % 1000}`,
      data: { clOrdID: `jx-${seq}`, orderQty: '100', price: '187.50', side: 'Buy', symbol: 'AAPL', timeInForce: 'Day' },
    },
    { seq, ts: rfc3339(plusMs(START, seq)), boot: 'boot-1', mono: String(seq * 1_000_000), prev },
  )
  rows.push({ seq, bytes })
  prev = next
  frontier = grow(frontier, leafHash(bytes))
  if ((seq + 1) % 1000 === 0)
    checkpoints.push(signCheckpoint({ origin: ORIGIN, size: seq + 1, root: rootOf(frontier) }, privateKey))
}
const keys = [verifierKey(ORIGIN, publicKey)]
const bytes = rows.reduce((sum, row) => sum + row.bytes.length, 0)

const folder = mkdtempSync(join(tmpdir(), 'verify-'))
const path = join(folder, 'journal.jsonl')
writeFileSync(path, rows.map((row) => `${row.bytes}\n`).join(''))
writeFileSync(join(folder, 'anchors.jsonl'), checkpoints.map((note) => anchorLine({ at: START, note })).join(''))
writeFileSync(join(folder, 'keys.txt'), `${keys.join('\n')}\n`)
writeFileSync(join(folder, 'head.json'), JSON.stringify({ size: ROWS, hash: prev, root: rootOf(frontier) }))

const works = {
  'verify (chain, tree, checkpoints, spelling, time)': () => {
    const { ok, rows: read } = verifyJournal({ rows, checkpoints, keys })
    if (!ok || read !== ROWS) throw new Error('an honest journal was not found whole')
  },
  'the same from an exported folder': () => {
    const { ok, rows: read } = verifyExport(folder)
    if (!ok || read !== ROWS) throw new Error('an honest export was not found whole')
  },
  'read the lines, SHA-256 of each, createHash': () => {
    for (const row of exportedRows(folder)) createHash('sha256').update(row.bytes).digest('hex')
  },
  'SHA-256 of each row, createHash': () => {
    for (const row of rows) createHash('sha256').update(row.bytes).digest('hex')
  },
  'SHA-256 of each row, one-shot': () => {
    for (const row of rows) hash('sha256', row.bytes, 'hex')
  },
  'SHA-256 of all bytes as one stream': () => {
    const stream = createHash('sha256')
    for (const row of rows) stream.update(row.bytes)
    stream.digest('hex')
  },
}
// Rounds are interleaved, so that a busy moment of the machine meets all of them.
const times = new Map<string, number[]>(Object.keys(works).map((name) => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(works)) {
    const start = performance.now()
    work()
    times.get(name)?.push(performance.now() - start)
  }
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
const [verify = 0, fromDisk = 0, readAndHash = 0, perRow = 0] = [...times.values()].map(median)
rmSync(folder, { recursive: true })

console.log(`${ROWS} rows, ${(bytes / 1e6).toFixed(0)} MB, ${checkpoints.length} checkpoints, median of ${ROUNDS}`)
for (const [name, list] of times) {
  const ms = median(list)
  console.log(`${name.padEnd(52)} ${ms.toFixed(0).padStart(6)} ms  ${((ms / ROWS) * 1000).toFixed(2)} µs/row`)
}
console.log(
  `ratio to hashing each row once: in memory ${(perRow / verify).toFixed(2)}, from disk ${(readAndHash / fromDisk).toFixed(2)} (goal 0.5)`,
)
