import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Inbound } from '../../ports/channel.ts'
import { sha256Hex } from '../../values/hash.ts'
import { fromMs } from '../../values/instant.ts'
import { BODY_BYTES_MAX, proofOf } from './signature.ts'

// The example of Slack's own documentation.
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
const AT_S = 1531420618
const BODY =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
const SIGNATURE = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'

const sign = (secret: string, timestamp: string, body: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`

function request(
  over: { readonly headers?: Record<string, string | undefined>; readonly body?: string; readonly atS?: number } = {},
): Inbound {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': String(AT_S),
    'x-slack-signature': SIGNATURE,
    ...over.headers,
  }
  return { headers, body: Buffer.from(over.body ?? BODY), at: fromMs((over.atS ?? AT_S) * 1000) }
}
const stamped = (timestamp: string, secret = SECRET, body = BODY) => ({
  headers: { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': sign(secret, timestamp, body) },
})
const code = (asked: Inbound, secrets: readonly string[] = [SECRET]): string => {
  const proven = proofOf(asked, secrets)
  return proven.ok ? 'ok' : proven.error.code
}

describe('the signature of a request', () => {
  it('holds for the example of the documentation, and is named by its hash', () => {
    assert.deepEqual(proofOf(request(), [SECRET]), { ok: true, value: { proof: sha256Hex(SIGNATURE) } })
  })

  const long = `payload=${'x'.repeat(BODY_BYTES_MAX)}`
  const rows: [name: string, asked: Inbound, outcome: string, secrets?: readonly string[]][] = [
    ['300 s old', request({ atS: AT_S + 300 }), 'ok'],
    ['301 s old', request({ atS: AT_S + 301 }), 'timestamp_skew'],
    ['300 s ahead', request({ atS: AT_S - 300 }), 'ok'],
    ['301 s ahead', request({ atS: AT_S - 301 }), 'timestamp_skew'],
    ['a year ahead', request(stamped(String(AT_S + 31_536_000))), 'timestamp_skew'],
    ['no number for a time', request(stamped('soon')), 'signature_invalid'],
    ['a broken number', request(stamped(`${AT_S}.5`)), 'signature_invalid'],
    ['a number in another form', request(stamped('1.531420618e9')), 'signature_invalid'],
    ['a signed number', request(stamped(`+${AT_S}`)), 'signature_invalid'],
    ['spaces around the number', request(stamped(` ${AT_S} `)), 'signature_invalid'],
    ['no time', request({ headers: { 'x-slack-request-timestamp': undefined } }), 'signature_invalid'],
    ['no signature', request({ headers: { 'x-slack-signature': undefined } }), 'signature_invalid'],
    ['an empty signature', request({ headers: { 'x-slack-signature': '' } }), 'signature_invalid'],
    ['a short signature', request({ headers: { 'x-slack-signature': SIGNATURE.slice(0, -1) } }), 'signature_invalid'],
    [
      'the same signature in capitals',
      request({ headers: { 'x-slack-signature': SIGNATURE.toUpperCase().replace('V', 'v') } }),
      'signature_invalid',
    ],
    [
      'another version',
      request({ headers: { 'x-slack-signature': SIGNATURE.replace('v0', 'v1') } }),
      'signature_invalid',
    ],
    ['another secret', request(stamped(String(AT_S), 'f'.repeat(32))), 'signature_invalid'],
    ['another body', request({ body: BODY.replace('roadrunner', 'coyote') }), 'signature_invalid'],
    [
      'another time than was signed',
      request({ headers: { 'x-slack-request-timestamp': String(AT_S + 1) } }),
      'signature_invalid',
    ],
    ['the new secret while two count', request(), 'ok', ['e'.repeat(32), SECRET]],
    ['the old secret while two count', request(), 'ok', [SECRET, 'e'.repeat(32)]],
    ['neither of two secrets', request(), 'signature_invalid', ['e'.repeat(32), 'd'.repeat(32)]],
    ['no secret at all', request(), 'signature_invalid', []],
    ['a charset', request({ headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } }), 'ok'],
    ['JSON', request({ headers: { 'content-type': 'application/json' } }), 'wrong_content_type'],
    ['no content type', request({ headers: { 'content-type': undefined } }), 'wrong_content_type'],
    [
      'a check of the certificate without a signature',
      request({ body: 'ssl_check=1&token=x', headers: { 'x-slack-signature': undefined } }),
      'signature_invalid',
    ],
    ['more than 256 KiB', request({ body: long, ...stamped(String(AT_S), SECRET, long) }), 'body_too_large'],
    [
      'exactly 256 KiB',
      request({ body: long.slice(0, BODY_BYTES_MAX), ...stamped(String(AT_S), SECRET, long.slice(0, BODY_BYTES_MAX)) }),
      'ok',
    ],
  ]
  for (const [name, asked, outcome, secrets] of rows)
    it(`${name}: ${outcome}`, () => assert.equal(code(asked, secrets), outcome))
})
