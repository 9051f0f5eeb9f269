import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Inbound } from '../../ports/channel.ts'
import { sha256Hex } from '../../values/hash.ts'
import { toMs } from '../../values/instant.ts'
import { err, ok, type Result } from '../../values/result.ts'

/** Why a request is not believed to be Slack's; `status` is what it is answered with. */
export type Unproven = { readonly status: 401 | 413 | 415; readonly code: string; readonly text: string }

/** Slack's own requests stay far below; a larger one only costs memory. */
export const BODY_BYTES_MAX = 256 * 1024
/** Slack's own figure: shorter, and a slow network is refused; longer, and a recorded request lives on. */
const SKEW_S_MAX = 300

const SECONDS = /^\d{1,12}$/
/** Lower case only: the same signature in another spelling would be a second key for the same request. */
const SIGNATURE = /^v0=[0-9a-f]{64}$/
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i

/**
 * Request signing v0 over the bytes as they came. It says nothing of replays: the caller shows `proof` to the house.
 *
 * @param secrets those that count now; two while one is being replaced.
 * @returns hex SHA-256 of the signature.
 */
export function proofOf(request: Inbound, secrets: readonly string[]): Result<{ readonly proof: string }, Unproven> {
  const { body, headers } = request
  if (body.byteLength > BODY_BYTES_MAX)
    return no(413, 'body_too_large', `The request holds more than ${BODY_BYTES_MAX} bytes.`)
  if (!FORM.test(headers['content-type'] ?? ''))
    return no(415, 'wrong_content_type', 'The request must be a form: application/x-www-form-urlencoded.')
  const timestamp = headers['x-slack-request-timestamp'] ?? ''
  const signature = headers['x-slack-signature'] ?? ''
  if (!SECONDS.test(timestamp) || !SIGNATURE.test(signature))
    return no(401, 'signature_invalid', 'The request is not signed as Slack signs.')
  // Ahead of our clock is as suspect as behind it: a request dated next year could be played again until then.
  if (Math.abs(toMs(request.at) / 1000 - Number(timestamp)) > SKEW_S_MAX)
    return no(
      401,
      'timestamp_skew',
      `The request was signed more than ${SKEW_S_MAX} seconds from now by our clock. If it is Slack's, set the clock of this machine.`,
    )
  const given = Buffer.from(signature)
  let matches = false
  // Every secret is tried, whichever matched, so that the time taken does not tell which.
  for (const secret of secrets)
    matches = timingSafeEqual(given, Buffer.from(signed(secret, timestamp, body))) || matches
  return matches
    ? ok({ proof: sha256Hex(signature) })
    : no(401, 'signature_invalid', 'The signature is not made with the signing secret of our Slack app.')
}

const signed = (secret: string, timestamp: string, body: Uint8Array): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`

const no = (status: Unproven['status'], code: string, text: string): Result<never, Unproven> =>
  err({ status, code, text })
