import { err, ok, type Result } from '../../values/result.ts'

/** Where Microsoft is spoken to, and which address out of a message may be answered with our token. */
export type Endpoints = {
  /** Tokens for us come from `{login}/{tenant}/oauth2/v2.0/token`. */
  readonly login: string
  /** Names the keys that sign what we receive. */
  readonly metadata: string
  /** True for an address that is Microsoft's for certain: our token goes nowhere else. */
  readonly serves: (serviceUrl: string) => boolean
}

/** learn.microsoft.com, "Authentication with the Bot Connector API". */
const MICROSOFT: Endpoints = {
  login: 'https://login.microsoftonline.com',
  metadata: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  serves: isMicrosofts,
}

const SERVICE_HOSTS = new Set(['smba.trafficmanager.net'])
const SERVICE_DOMAINS = ['.botframework.com', '.teams.microsoft.com']
/** Host and path and nothing else: a port, a name before an `@`, a backslash or an escape is no address of Teams. */
const PLAIN = /^https:\/\/[a-z0-9.-]+(?:\/[A-Za-z0-9._~/-]*)?$/i

function isMicrosofts(serviceUrl: string): boolean {
  const url = PLAIN.test(serviceUrl) ? URL.parse(serviceUrl) : null
  if (url === null) return false
  return SERVICE_HOSTS.has(url.hostname) || SERVICE_DOMAINS.some((domain) => url.hostname.endsWith(domain))
}

/**
 * @param base the address of a simulator on this machine, such as `http://127.0.0.1:8093`; null for Microsoft.
 * @returns what is wrong with it, in words.
 */
export function endpointsOf(base: string | null, testEndpoints: boolean): Result<Endpoints, string> {
  if (base === null) return ok(MICROSOFT)
  if (!testEndpoints)
    return err('another address than Microsoft’s own is for tests only; leave it out, or allow test endpoints')
  const origin = /^http:\/\/(?:127\.0\.0\.1|localhost)(?::\d{1,5})?\/?$/.test(base)
    ? URL.parse(base)?.origin
    : undefined
  if (origin === undefined)
    return err('a test address must be http on this machine and nothing more, such as http://127.0.0.1:8093')
  return ok({
    login: origin,
    metadata: `${origin}/v1/.well-known/openidconfiguration`,
    serves: (serviceUrl) => /^[\w.:/-]+$/.test(serviceUrl) && URL.parse(serviceUrl)?.origin === origin,
  })
}
