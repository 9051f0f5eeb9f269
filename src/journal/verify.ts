import { type Checkpoint, parseVerifierKey, type VerifierKey, verifyNote } from './checkpoint.ts'
import { GENESIS } from './chain.ts'
import { type Glance, glance, type Misread } from './form.ts'
import { EMPTY, EMPTY_ROOT, type Frontier, grow, leafHash, rootOf, sha256Text } from './merkle.ts'

/** What can be wrong with a journal. */
export const KINDS = {
  DAMAGED: 'a row or checkpoint cannot be read',
  NOT_CANONICAL: 'a row says the right thing in another spelling, so its hash is not the one that was taken',
  EDITED: 'a row is not the one the next row was linked to',
  DELETED: 'rows are missing in the middle',
  INSERTED: 'a row stands where none was written',
  REORDERED: 'rows stand in another order',
  TIME_BACKWARDS: 'a row is earlier than the row before it in the same run of the process',
  TRUNCATED: 'the last rows are missing',
  ROLLED_BACK: 'the whole journal is older than what was signed: an old copy was put back',
  FORKED: 'the rows are linked without a flaw and are not the ones that were signed: history was written anew',
  BAD_SIGNATURE: 'a checkpoint is not signed by the journal’s key',
} as const
export type Kind = keyof typeof KINDS

/** `seq` is the first row that is not as it was written; null when only a checkpoint is at fault. */
export type Finding = { readonly seq: number | null; readonly kind: Kind; readonly text: string }

export type StoredRow = { readonly seq: number; readonly bytes: string }
export type Evidence = {
  /** In the order in which they are stored. */
  readonly rows: Iterable<StoredRow>
  /** Signed notes from the anchors, in any order. */
  readonly checkpoints: readonly string[]
  /** Verifier keys of the journal, as `verifierKey` writes them: the one it has now and those it had. */
  readonly keys: readonly string[]
  /**
   * What the store itself believes about its end, when that is known. It tells a cut tail (the store expects more rows)
   * from an old copy (the store expects no more than there are), and an edited last row from an honest one.
   */
  readonly head?: { readonly size: number; readonly hash: string; readonly root: string } | undefined
}

export type Verdict = {
  readonly ok: boolean
  /** Rows read. After a finding inside the rows, reading stops. */
  readonly rows: number
  readonly firstBad: Finding | null
  readonly checkpoints: { readonly given: number; readonly verified: number }
  /** The largest checkpoint that is properly signed, whether or not the rows agree with it. */
  readonly newest: Checkpoint | null
  /** Rows that no checkpoint vouches for yet: only the chain does. */
  readonly rowsAfterNewest: number
  readonly hash: string
  readonly root: string
}

/** How far to look for a row that is not where it should be: enough to name what happened, bounded against a hostile journal. */
const LOOK_AHEAD = 1000

/** A row that was read and understood. */
type Read = StoredRow & { readonly row: Glance }
const isMisread = (seen: Glance | Misread): seen is Misread => 'kind' in seen

/**
 * Verifies a journal from its rows, the anchored checkpoints and the public key, without service or database.
 * Streams: memory does not grow with the journal. Never throws on what the rows or checkpoints hold; an error of the
 * iterable itself (a disk that cannot be read) passes through.
 */
export function verifyJournal({ rows, checkpoints, keys, head }: Evidence): Verdict {
  const { signed, bad } = readCheckpoints(checkpoints, keys)
  const newest = signed.at(-1) ?? null
  let frontier: Frontier = EMPTY
  let prev = GENESIS
  let verified = 0
  let due = 0
  let sealed = 0
  /** The smallest checkpoint that the rows disagree with. */
  let forked: Checkpoint | null = null
  const clock = new Map<string, Glance>()
  const source = rows[Symbol.iterator]()

  const verdict = (found: Finding | null): Verdict => ({
    ok: found === null,
    rows: frontier.size,
    firstBad: found,
    checkpoints: { given: checkpoints.length, verified },
    newest,
    rowsAfterNewest: Math.max(0, frontier.size - (newest?.size ?? 0)),
    hash: prev,
    root: rootOf(frontier),
  })

  /** Compares every checkpoint of the size reached so far. */
  const seal = (): void => {
    const size = frontier.size
    if (signed[due]?.size !== size) return
    const root = rootOf(frontier)
    for (let c = signed[due]; c?.size === size; c = signed[++due]) {
      if (c.root === root) {
        verified++
        sealed = size
      } else forked ??= c
    }
  }
  const forkFinding = (c: Checkpoint | null): Finding | null =>
    c && {
      seq: sealed >= c.size ? null : sealed,
      kind: 'FORKED',
      text:
        sealed >= c.size
          ? `the rows agree with one signed checkpoint of ${sealed} rows and contradict another of ${c.size}: two histories were signed`
          : `every link holds, yet rows ${sealed} to ${c.size - 1} are not the ones that were signed: the chain was written anew`,
    }

  seal()
  for (let next = source.next(); !next.done; next = source.next()) {
    const stored = next.value
    const at = frontier.size
    const row = glance(stored.bytes)
    const found = isMisread(row)
      ? (forkFinding(forked) ?? { seq: at, ...row })
      : // A break at this row outranks a checkpoint that failed just before it: the break says what was done.
        (placeFault(stored, row, at, prev, sealed === at && at > 0, source) ??
        forkFinding(forked) ??
        timeFault(row, clock))
    if (isMisread(row) || found) {
      source.return?.()
      return verdict(found)
    }
    clock.set(row.boot, row)
    prev = sha256Text(stored.bytes)
    frontier = grow(frontier, leafHash(stored.bytes))
    seal()
  }
  return verdict(endFault() ?? bad)

  function endFault(): Finding | null {
    const size = frontier.size
    if (head && size === head.size && size > 0 && prev !== head.hash) {
      return { seq: size - 1, kind: 'EDITED', text: `the last row is not the one the store recorded as its end` }
    }
    if (head && size > head.size) {
      return {
        seq: head.size,
        kind: 'INSERTED',
        text: `the store wrote ${head.size} rows and the journal holds ${size}`,
      }
    }
    if (forked) return forkFinding(forked)
    if (head && size < head.size) {
      return {
        seq: size,
        kind: 'TRUNCATED',
        text: `the store wrote ${head.size} rows and the journal ends after ${size}`,
      }
    }
    if (newest && size < newest.size) {
      const kind = head ? 'ROLLED_BACK' : 'TRUNCATED'
      const how = head ? 'an older copy was put back' : 'the tail was cut off, or an older copy was put back'
      return {
        seq: size,
        kind,
        text: `a checkpoint of ${newest.size} rows was signed and the journal ends after ${size}: ${how}`,
      }
    }
    if (head && rootOf(frontier) !== head.root) {
      return { seq: null, kind: 'EDITED', text: 'the tree root the store recorded is not the root of its rows' }
    }
    return null
  }
}

/** Which of the checkpoints count, smallest first, and the first of those that cannot. */
function readCheckpoints(
  notes: readonly string[],
  keyTexts: readonly string[],
): { readonly signed: readonly Checkpoint[]; readonly bad: Finding | null } {
  const keys = keyTexts.map(parseVerifierKey).filter((key): key is VerifierKey => key !== null)
  const signed: Checkpoint[] = []
  let bad: Finding | null = null
  for (const [i, note] of notes.entries()) {
    const read = verifyNote(note, keys)
    if (read.ok) signed.push(read.value)
    else {
      const kind = read.error.code === 'MALFORMED' ? 'DAMAGED' : 'BAD_SIGNATURE'
      bad ??= { seq: null, kind, text: `checkpoint ${i + 1} of ${notes.length}: ${read.error.text}` }
    }
  }
  signed.sort((a, b) => a.size - b.size)
  const origins = new Set(signed.map((c) => c.origin))
  if (origins.size > 1) {
    bad ??= {
      seq: null,
      kind: 'BAD_SIGNATURE',
      text: `the checkpoints are of several journals: ${[...origins].join(', ')}`,
    }
  }
  const [empty] = signed
  if (empty?.size === 0 && empty.root !== EMPTY_ROOT) {
    bad ??= { seq: null, kind: 'FORKED', text: 'a checkpoint of no rows names a root that no rows have' }
  }
  return { signed, bad }
}

function timeFault(row: Glance, clock: ReadonlyMap<string, Glance>): Finding | null {
  const last = clock.get(row.boot)
  if (!last) return null
  const [ts, mono] = [row.ts < last.ts, isLess(row.mono, last.mono)]
  if (!ts && !mono) return null
  const said = ts ? `${row.ts} comes after ${last.ts}` : `monotonic ${row.mono} comes after ${last.mono}`
  return { seq: row.seq, kind: 'TIME_BACKWARDS', text: `${said} in the same run of the process (${row.boot})` }
}
/** Of whole numbers in decimal text. */
const isLess = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length)

/**
 * Is this the row that belongs here? When not, the rows after it are read to tell what was done.
 * @param vouched a checkpoint proves every row before this one, so a broken link is this row's fault.
 */
function placeFault(
  here: StoredRow,
  row: Glance,
  at: number,
  prev: string,
  vouched: boolean,
  source: Iterator<StoredRow>,
): Finding | null {
  if (here.seq === at && row.seq === at && row.prev === prev) return null
  const finding = (seq: number, kind: Kind, text: string): Finding => ({ seq, kind, text })

  const ahead = lookAhead(source)
  if (row.seq === at && row.prev === prev) {
    return here.seq > at
      ? finding(at, 'DELETED', `row ${at} is stored under the number ${here.seq}: the number ${at} is empty`)
      : finding(at, 'REORDERED', `row ${at} is stored under the number ${here.seq}`)
  }
  const wanted = ahead.findIndex((later) => later.row.seq === at && later.row.prev === prev)
  if (wanted >= 0) {
    // The right row comes later. Was this one moved here, or made? A row that was moved is missing from its own place.
    const twin = ahead.some((later) => later.row.seq === row.seq)
    return twin || row.seq < at || row.seq > at + ahead.length
      ? finding(at, 'INSERTED', `a row that was never written stands before row ${at}`)
      : finding(at, 'REORDERED', `row ${row.seq} stands in the place of row ${at}, which comes ${wanted + 1} later`)
  }
  if (row.seq > at) {
    return row.prev === prev
      ? finding(at, 'EDITED', `row ${at} calls itself ${row.seq}`)
      : finding(at, 'DELETED', `rows ${at} to ${row.seq - 1} are missing`)
  }
  if (row.seq < at) {
    return row.prev === prev
      ? finding(at, 'EDITED', `row ${at} calls itself ${row.seq}`)
      : finding(row.seq, 'INSERTED', `row ${row.seq} comes a second time, so one of the two was never written`)
  }
  // Right number, wrong link: this row was changed, or the one before it was.
  const [after] = ahead
  const intact = after === undefined || after.row.prev === sha256Text(here.bytes)
  return at === 0 || vouched || !intact
    ? finding(at, 'EDITED', `row ${at} does not link to the row before it`)
    : finding(at - 1, 'EDITED', `row ${at} was linked to another row ${at - 1} than the one that stands there`)
}

function lookAhead(source: Iterator<StoredRow>): Read[] {
  const ahead: Read[] = []
  for (let n = 0; n < LOOK_AHEAD; n++) {
    const next = source.next()
    if (next.done) break
    const row = glance(next.value.bytes)
    if (!isMisread(row)) ahead.push({ ...next.value, row })
  }
  return ahead
}
