// The part of the configuration that is about signing in by a provider.
import { z } from 'zod'
import { filled, LOOPBACK, optional, secret, type SecretRef } from './setting.ts'

/** As the provider writes it, a slash at its end included: tokens are compared with it letter by letter. */
const issuer = filled.transform((value, ctx): string => {
  const url = URL.parse(value)
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (isPlain && (url.protocol === 'https:' || isHere(url))) return value
  ctx.addIssue(
    'is not an issuer such as https://id.example/realm; plain http is for a simulator on this machine only, see jax-exec simulate oidc',
  )
  return z.NEVER
})
const isHere = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && LOOPBACK.test(hostname.replace(/^\[|\]$/g, ''))

export const oidc = z.strictObject({
  issuer: optional(issuer, {
    meaning:
      'The OpenID Connect provider by which people may sign in, exactly as it calls itself, such as `https://id.example/realm`. Codes go on working.',
  }),
  clientID: optional(filled, { meaning: 'Id of the client that was registered there.' }),
  clientSecret: optional(secret, { meaning: 'Its secret, as `file:PATH` or `env:NAME`.' }),
  name: optional(filled.max(40, 'is longer than 40 characters'), {
    meaning: 'What the button says: `Sign in with NAME`. Without it the host name of the issuer.',
  }),
})
export const OIDC_ABOUT =
  'Signing in by an OpenID Connect provider. Off until `issuer`, `clientID` and `clientSecret` are set: see [access](access.md).'

type ParsedOidc = z.output<typeof oidc>
/** Everything that is needed; null where nothing is set, and there is no button. */
export type SignInSettings = null | {
  readonly issuer: string
  readonly clientID: string
  readonly clientSecret: SecretRef
  readonly name: string
}

/** What was begun and is not whole, and what cannot be together. */
export function oidcFaults(
  parsed: ParsedOidc,
  { environment, https, publicUrl }: { environment: 'paper' | 'live'; https: boolean; publicUrl?: string | undefined },
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const path = ['access', 'oidc']
  if (Object.values(parsed).every((value) => value === undefined)) return []
  const missing = (['issuer', 'clientID', 'clientSecret'] as const).filter((key) => parsed[key] === undefined)
  if (missing.length > 0)
    return [
      {
        path,
        message: `access.oidc lacks ${missing.join(', ')}. Set ${missing.length === 1 ? 'it' : 'them'}, or take the whole group out. docs/access.md tells where each is found; without a provider: jax-exec simulate oidc`,
      },
    ]
  if (parsed.issuer?.startsWith('http:') === true && environment !== 'paper')
    return [
      {
        path: [...path, 'issuer'],
        message:
          'access.oidc.issuer is plain http, which is for paper only: whoever reads along could sign in. Use the https address of a provider',
      },
    ]
  if (https && publicUrl === undefined)
    return [
      {
        path,
        message:
          'access.oidc needs listen.publicUrl where listen.https is yes: the provider sends people back to that address. Set it to the one that they open',
      },
    ]
  return []
}

/** @param parsed without faults. @param located turns the path of a secret's file into an absolute one. */
export function oidcOf(
  { issuer: from, clientID, clientSecret, name }: ParsedOidc,
  located: (ref: SecretRef) => SecretRef,
): SignInSettings {
  if (from === undefined || clientID === undefined || clientSecret === undefined) return null
  return { issuer: from, clientID, clientSecret: located(clientSecret), name: name ?? new URL(from).hostname }
}
