import { createHash } from 'node:crypto'

export const sha256 = (bytes: string | Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
export const sha256Hex = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** Without padding, as in approval digests. */
export const sha256Base64url = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64url')

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'
/**
 * The first `length` characters of the bytes in lower-case base 32 without look-alikes: safe in every broker's id field,
 * and readable aloud. Five bits a character.
 *
 * @throws {RangeError} when the bytes hold fewer bits than asked for: a shorter secret or name must not pass unseen.
 */
export function base32(bytes: Uint8Array, length: number): string {
  if (bytes.length * 8 < length * 5) throw new RangeError(`${bytes.length} bytes do not fill ${length} characters`)
  let out = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5 && out.length < length) {
      bits -= 5
      out += CROCKFORD[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return out
}
