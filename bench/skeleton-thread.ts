// The bare skeleton: a writer thread that executes the statements one order causes, recorded from the gateway itself,
// with nothing decided, hashed or checked in between. Waiting transactions share a commit, as they do in the gateway.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

export type Recorded = { readonly sql: string; readonly values: readonly (string | number | null)[] }
export type SkeletonData = {
  readonly file: string
  readonly script: readonly (readonly Recorded[])[]
  readonly names: readonly string[]
  readonly firstSeq: number
}
type Job = { readonly id: number; readonly step: number; readonly names: readonly string[] }

const { file, script, names, firstSeq } = workerData as SkeletonData
const db = new DatabaseSync(file)
db.exec('PRAGMA journal_mode = wal; PRAGMA synchronous = FULL')
const statements = new Map<string, StatementSync>()
const prepared = (sql: string): StatementSync => statements.getOrInsertComputed(sql, () => db.prepare(sql))

let seq = firstSeq
const queue: Job[] = []
let scheduled = false

function run({ step, names: own }: Job): void {
  for (const { sql, values } of script[step] ?? []) {
    const renamed = values.map((value) =>
      typeof value === 'string' ? names.reduce((text, name, i) => text.replaceAll(name, own[i] ?? name), value) : value,
    )
    if (sql.startsWith('INSERT INTO journal')) renamed[0] = seq++
    prepared(sql).run(...renamed)
  }
}

function group(): void {
  scheduled = false
  const jobs = queue.splice(0, 64)
  db.exec('BEGIN IMMEDIATE')
  for (const job of jobs) run(job)
  db.exec('COMMIT')
  for (const { id } of jobs) parentPort?.postMessage(id)
  if (queue.length > 0) schedule()
}
function schedule(): void {
  if (scheduled) return
  scheduled = true
  setImmediate(group)
}
parentPort?.on('message', (job: Job | 'close') => {
  if (job === 'close') {
    db.close()
    parentPort?.close()
    return
  }
  queue.push(job)
  schedule()
})
parentPort?.postMessage('ready')
