import { randomBytes } from 'node:crypto'
import { createOidc, type Oidc } from '../api/oidc.ts'
import type { Clock } from '../ports/clock.ts'
import { readSecret, type Settings } from './config.ts'
import { Stop } from './exit.ts'
import type { Log } from './log.ts'

/**
 * The provider that people may sign in by; null where none is configured. It is asked for nothing before somebody uses it,
 * so the gateway starts whether it answers or not.
 * @throws {Stop} CONFIG when the client's secret is not there.
 */
export function openOidc(
  settings: Settings,
  deps: { readonly publicUrl: () => string; readonly clock: Clock; readonly log: Log },
): Oidc | null {
  const { oidc } = settings.access
  if (oidc === null) return null
  const secret = readSecret(oidc.clientSecret)
  if (!secret.ok) throw new Stop('CONFIG', `access.oidc.clientSecret: ${secret.error}.`)
  const { publicUrl, clock, log } = deps
  const nowMs = (): number => Number(clock.monotonicNs() / 1_000_000n)
  return createOidc({ ...oidc, clientSecret: secret.value, publicUrl, random: randomBytes, nowMs, log })
}
