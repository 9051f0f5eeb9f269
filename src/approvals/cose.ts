import { err, type Result } from '../values/result.ts'
import { type PublicKey, parsePublicKey } from './passkey.ts'

// The public key of a new passkey comes as a COSE_Key (RFC 9052, 8230): a CBOR map from small numbers to numbers and
// byte strings. Only that much CBOR is read here, and only in the form that CTAP2 prescribes.

type Item = number | Uint8Array
type Kind = {
  readonly jwk: Readonly<Record<string, string>>
  /** Labels with one value: 1 kty, 3 alg, and -1 crv where there are curves. */
  readonly fixed: readonly (readonly [label: number, value: number])[]
  /** Labels that hold bytes, and the member of the JWK that they become. */
  readonly bytes: readonly (readonly [label: number, member: string])[]
}
// biome-ignore format: a table reads in columns
const KINDS: Readonly<Record<PublicKey['alg'], Kind>> = {
  [-7]:   { jwk: { kty: 'EC', crv: 'P-256' },    fixed: [[1, 2], [3, -7], [-1, 1]], bytes: [[-2, 'x'], [-3, 'y']] },
  [-8]:   { jwk: { kty: 'OKP', crv: 'Ed25519' }, fixed: [[1, 1], [3, -8], [-1, 6]], bytes: [[-2, 'x']] },
  [-257]: { jwk: { kty: 'RSA' },                 fixed: [[1, 3], [3, -257]],        bytes: [[-1, 'n'], [-2, 'e']] },
}

/** A COSE_Key of one of the three kinds that are taken, whole and alone: nothing behind it, no label more. Never throws. */
export function parseCoseKey(cose: Uint8Array): Result<PublicKey, string> {
  const map = readMap(cose)
  if (map === null) return err('not a COSE key: the bytes are not a map of numbers and byte strings')
  const alg = map.get(3)
  const kind = Object.entries(KINDS).find(([known]) => Number(known) === alg)?.[1]
  if (!kind) return err('the algorithm is none of ES256 (-7), EdDSA (-8) and RS256 (-257)')
  if (map.size !== kind.fixed.length + kind.bytes.length) return err('the key has more or fewer labels than its kind')
  for (const [label, value] of kind.fixed)
    if (map.get(label) !== value) return err(`label ${label} of the key is not ${value}`)
  const jwk: Record<string, string> = { ...kind.jwk }
  for (const [label, member] of kind.bytes) {
    const bytes = map.get(label)
    if (!(bytes instanceof Uint8Array)) return err(`label ${label} of the key is not a byte string`)
    jwk[member] = Buffer.from(bytes).toString('base64url')
  }
  return parsePublicKey({ alg, jwk })
}

/** The largest kind has five labels. */
const MAX_LABELS = 5

function readMap(bytes: Uint8Array): ReadonlyMap<number, Item> | null {
  const head = readHead(bytes, 0)
  if (head?.major !== MAP || head.argument > MAX_LABELS) return null
  const map = new Map<number, Item>()
  let at = head.end
  for (let i = 0; i < head.argument; i++) {
    const label = readItem(bytes, at)
    if (typeof label?.item !== 'number' || map.has(label.item)) return null
    const value = readItem(bytes, label.end)
    if (!value) return null
    map.set(label.item, value.item)
    at = value.end
  }
  return at === bytes.length ? map : null
}

const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const MAP = 5

function readItem(bytes: Uint8Array, at: number): { readonly item: Item; readonly end: number } | null {
  const head = readHead(bytes, at)
  if (!head) return null
  const { major, argument, end } = head
  if (major === UNSIGNED) return { item: argument, end }
  if (major === NEGATIVE) return { item: -1 - argument, end }
  if (major !== BYTES || end + argument > bytes.length) return null
  return { item: bytes.subarray(end, end + argument), end: end + argument }
}

type Head = { readonly major: number; readonly argument: number; readonly end: number }

/** Up to two bytes of argument, in their shortest form: nothing in a key needs more, and one key has one spelling. */
function readHead(bytes: Uint8Array, at: number): Head | null {
  const [first, second, third] = bytes.subarray(at, at + 3)
  if (first === undefined) return null
  const major = first >> 5
  const short = first & 0x1f
  if (short < 24) return { major, argument: short, end: at + 1 }
  if (short === 24 && second !== undefined && second >= 24) return { major, argument: second, end: at + 2 }
  if (short === 25 && second !== undefined && second > 0 && third !== undefined)
    return { major, argument: second * 256 + third, end: at + 3 }
  return null
}
