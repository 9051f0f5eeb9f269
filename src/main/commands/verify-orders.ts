// Has each order that was sent the yes that it takes? The proof of the desk, for the command line.
import { readFileSync } from 'node:fs'
import type { Level } from '../../approvals/evidence.ts'
import { type Proof, proveOrders, type RestsOn } from '../../desk/proving.ts'
import { UNPROVEN } from '../../desk/proving-people.ts'
import type { StoredRow } from '../../journal/verify.ts'
import { Stop } from '../exit.ts'
import { type Column, grouped, harmless, pairs, paint, table } from '../print.ts'

/** SHA-256, base64url. */
const FINGERPRINT = /^[A-Za-z0-9_-]{43}$/

/**
 * The fingerprints in a file of them: the first word of each line; empty lines, and those that begin with #, say nothing.
 *
 * @throws {Stop} USAGE when it cannot be read, or a line begins with something else.
 */
export function readPinned(file: string): ReadonlySet<string> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Stop('USAGE', `${file} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
  const words = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((word) => word !== '' && !word.startsWith('#'))
  const odd = words.find((word) => !FINGERPRINT.test(word))
  if (odd !== undefined)
    throw new Stop('USAGE', `${file} has a line that begins with ${JSON.stringify(odd.slice(0, 60))}.`, {
      lines: ['Each line begins with the fingerprint of a passkey, as "jax-exec audit verify" prints them.'],
    })
  return new Set(words)
}

/** @param most how many rows to look at; null for all: the rows that came after a verdict are no part of it. */
export function proveRows(rows: Iterable<StoredRow>, most: number | null, pinned: ReadonlySet<string> | null): Proof {
  return proveOrders(most === null ? rows : firstOf(rows, most), pinned)
}
function* firstOf(rows: Iterable<StoredRow>, most: number): Generator<StoredRow> {
  let given = 0
  for (const row of rows) {
    if (given++ === most) return
    yield row
  }
}

// ---------------------------------------------------------------- in words

const count = (n: number): string => grouped(String(n))
const orders = (n: number): string => (n === 1 ? '1 order' : `${count(n)} orders`)

export function proofText(proof: Proof): string {
  const { faults, passkeys } = proof
  const lines = [faults.length === 0 ? provenText(proof) : unprovenText(proof), pairs(factsOf(proof))]
  if (passkeys.length > 0)
    lines.push(
      '',
      `${paint('bold', 'The passkeys that this rests on')}\nNote their fingerprints where nobody who can write the journal can; --passkeys FILE then takes no others.`,
      table(PASSKEYS, passkeys, ''),
    )
  return lines.join('\n')
}

function provenText({ orders: sent }: Proof): string {
  if (sent === 0) return paint('green', 'No order was sent.')
  return paint(
    'green',
    sent === 1
      ? '1 order was sent; it has the yes that was asked for.'
      : `${count(sent)} orders were sent; each has the yes that was asked for.`,
  )
}

function unprovenText({ orders: sent, proven, faults }: Proof): string {
  const [first] = faults
  if (!first) return ''
  const told = [
    `${sent - proven === 0 ? 'Something is not proven' : `Not proven: ${count(sent - proven)} of ${orders(sent)}`}. Row ${first.seq}: ${UNPROVEN[first.code]} (${first.code}).`,
    harmless(first.text),
    ...(faults.length > 1
      ? [
          `${count(faults.length - 1)} further ${faults.length === 2 ? 'fault' : 'faults'}, perhaps in consequence; --json lists them.`,
        ]
      : []),
  ]
  return [paint('red', told[0] ?? ''), ...told.slice(1)].join('\n')
}

const BY: Readonly<Record<Level, string>> = {
  L0: 'by an armed strategy',
  L1: 'by a click',
  L2: 'with a passkey',
  L3: 'with the passkeys of two people or more',
}
function factsOf({ byLevel, strict, reduced, others, orders: sent, proven }: Proof): (readonly [string, string])[] {
  const parts = (Object.keys(BY) as Level[])
    .filter((level) => byLevel[level] > 0)
    .map((level) => `${count(byLevel[level])} ${BY[level]}`)
  return [
    ['orders sent', `${count(sent)}, ${count(proven)} proven${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`],
    [
      'live, or with a passkey',
      `${count(strict.orders)}, ${strict.orders === strict.proven ? 'each proven by itself' : `${count(strict.proven)} proven`}`,
    ],
    ...(reduced > 0 ? [['only made smaller', `${count(reduced)}, by a click`] as const] : []),
    ...(others > 0 ? [['of other hands', `${count(others)}, which nobody here sent or approved`] as const] : []),
  ]
}

const PASSKEYS: readonly Column<RestsOn>[] = [
  { title: 'fingerprint', of: ({ fingerprint }) => fingerprint },
  { title: 'person', of: ({ person }) => person },
  { title: 'passkey', of: ({ name }) => name },
  { title: 'orders', of: (one) => count(one.orders), right: true },
  { title: 'changes', of: (one) => count(one.changes), right: true },
]

/** What to do about the first fault; null when everything is proven. */
export function unproven({ faults, orders: sent, proven }: Proof): Stop | null {
  const [first] = faults
  if (!first) return null
  const { code, clOrdID, seq } = first
  return new Stop(
    'DIFFERS',
    sent === proven
      ? 'The journal does not prove what its orders rest on.'
      : `${orders(sent - proven)} without proof of a yes.`,
    {
      code,
      lines: [
        ...(code === 'NOT_PINNED'
          ? [
              'If the passkey is new, look at its owner’s screen, and add its fingerprint to the list. If nobody enrolled it, stop trading.',
            ]
          : ['Stop trading with "jax-exec halt", and keep the export: it is the evidence.']),
        `${clOrdID === null ? `See what led to row ${seq}` : `Compare order ${harmless(clOrdID)} with the broker’s own page, and see what led to it`}: jax-exec audit export FOLDER, then jax-exec simulate incident --from FOLDER`,
      ],
    },
  )
}
