import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { chooserOf, noticeOf, STYLE } from './page.ts'

export type ProviderPerson = { readonly sub: string; readonly name: string; readonly username: string }
export type ProviderAlgorithm = 'RS256' | 'ES256'

/**
 * What the provider lies about from now on. `unsigned`: a token with `alg: none`. `symmetric`: signed with the client's
 * secret (HS256). `stranger`: by a key that it does not publish. `claims` replaces claims, undefined takes them away;
 * `iss` is what the browser is sent back with; `discovery` replaces what it says of itself.
 */
export type ProviderLies = {
  token?: 'unsigned' | 'symmetric' | 'stranger' | 'missing' | 'tampered'
  claims?: Readonly<Record<string, unknown>>
  iss?: string | null
  discovery?: Readonly<Record<string, unknown>>
  /** Answers of these paths fail so. */
  fails?: Readonly<Record<string, number | 'hangs' | 'garbage'>>
}

export type OidcSimulatorOptions = {
  /** 0 or absent: any that is free. Loopback only. */
  readonly port?: number
  /** Made up when left out. */
  readonly client?: { readonly clientID: string; readonly clientSecret: string }
  /** Where browsers may be sent back to; anywhere on this machine when left out. */
  readonly redirectUris?: readonly string[]
  /** Ana, Ben and a stranger when left out. */
  readonly people?: readonly ProviderPerson[]
  readonly algorithm?: ProviderAlgorithm
  readonly log?: (line: string) => void
}

export type OidcSimulator = {
  readonly issuer: string
  readonly clientID: string
  readonly clientSecret: string
  readonly people: readonly ProviderPerson[]
  readonly lies: ProviderLies
  /** Tells the truth again. */
  honest(): void
  /** How often each path was asked. */
  requests(): Readonly<Record<string, number>>
  /** As a browser in which somebody chooses who they are: where it is sent back to. Null goes back as nobody. */
  choose(authorizeUrl: string, sub: string | null): string
  close(): Promise<void>
}

const PEOPLE: readonly ProviderPerson[] = [
  { sub: '248289761001', name: 'Ana Ada', username: 'ana@id.example' },
  { sub: '248289761002', name: 'Ben Boole', username: 'ben@id.example' },
  { sub: '248289761003', name: 'A Stranger', username: 'stranger@id.example' },
]
const BODY_BYTES_MAX = 64 * 1024
const CODE_MS = 60_000
const TOKEN_S = 300

type Grant = {
  readonly sub: string
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | null
  readonly authTimeS: number
  readonly untilMs: number
}

/**
 * Starts an OpenID Connect provider on loopback, for people who are made up: discovery, keys, a page to say who one is, and
 * tokens for codes with PKCE.
 * @throws an `Error` when the port is taken.
 */
export async function startOidcSimulator(options: OidcSimulatorOptions = {}): Promise<OidcSimulator> {
  const { algorithm = 'RS256', people = PEOPLE, log = () => {} } = options
  const { clientID, clientSecret } = options.client ?? {
    clientID: 'jax-exec',
    clientSecret: randomBytes(24).toString('base64url'),
  }
  const [ours, stranger] = await Promise.all([generateKeyPair(algorithm), generateKeyPair(algorithm)])
  const kid = 'simulator-1'
  const jwk = { ...(await exportJWK(ours.publicKey)), kid, alg: algorithm, use: 'sig' }
  const grants = new Map<string, Grant>()
  const counts: Record<string, number> = {}
  const lies: ProviderLies = {}
  let issuer = ''

  const discovery = (): object => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    ...lies.discovery,
  })

  /** What is wrong with a request to sign in; null when nothing is. Told to the browser here: nobody else may hear it. */
  function requestFault(asked: URLSearchParams): string | null {
    const redirect = URL.parse(asked.get('redirect_uri') ?? '')
    if (asked.get('client_id') !== clientID) return 'No such client.'
    if (
      !redirect ||
      !(options.redirectUris?.includes(redirect.href) ?? /^(localhost|127\.0\.0\.1)$/.test(redirect.hostname))
    )
      return 'The redirect_uri is not one of this client.'
    if (asked.get('response_type') !== 'code') return 'Only response_type=code is known.'
    if (!(asked.get('scope') ?? '').split(' ').includes('openid')) return 'The scope lacks openid.'
    return asked.get('code_challenge_method') === 'S256' && asked.get('code_challenge') !== null
      ? null
      : 'A code_challenge (S256) is required.'
  }

  function back(asked: URLSearchParams, sub: string | null): string {
    const url = new URL(asked.get('redirect_uri') ?? '')
    const state = asked.get('state')
    if (sub === null) url.searchParams.set('error', 'access_denied')
    else {
      const code = randomBytes(24).toString('base64url')
      const now = Date.now()
      grants.set(code, {
        sub,
        redirectUri: asked.get('redirect_uri') ?? '',
        challenge: asked.get('code_challenge') ?? '',
        nonce: asked.get('nonce'),
        authTimeS: Math.floor(now / 1000),
        untilMs: now + CODE_MS,
      })
      url.searchParams.set('code', code)
    }
    if (state !== null) url.searchParams.set('state', state)
    if (lies.iss !== null) url.searchParams.set('iss', lies.iss ?? issuer)
    return url.href
  }

  async function idToken({ sub, nonce, authTimeS }: Grant): Promise<string | undefined> {
    const person = people.find((one) => one.sub === sub)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: clientID,
      sub,
      iat: now,
      exp: now + TOKEN_S,
      auth_time: authTimeS,
      ...(nonce !== null && { nonce }),
      name: person?.name,
      preferred_username: person?.username,
      ...lies.claims,
    }
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = (key: CryptoKey): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(key)
    switch (lies.token) {
      case 'missing':
        return undefined
      case 'unsigned':
        return `${part({ alg: 'none' })}.${part(claims)}.`
      case 'symmetric': {
        const body = `${part({ alg: 'HS256', kid })}.${part(claims)}`
        return `${body}.${createHmac('sha256', clientSecret).update(body).digest('base64url')}`
      }
      case 'stranger':
        return signed(stranger.privateKey)
      case 'tampered': {
        const [header, , signature] = (await signed(ours.privateKey)).split('.')
        return `${header}.${part({ ...claims, sub: people.at(-1)?.sub })}.${signature}`
      }
      case undefined:
        return signed(ours.privateKey)
    }
  }

  async function token(request: IncomingMessage): Promise<readonly [status: number, body: object]> {
    const body = new URLSearchParams(await bodyOf(request))
    if (!knowsSecret(request, body)) return [401, { error: 'invalid_client' }]
    const code = body.get('code') ?? ''
    const grant = grants.get(code)
    // Good once, whatever comes of it.
    grants.delete(code)
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (
      body.get('grant_type') !== 'authorization_code' ||
      !grant ||
      Date.now() > grant.untilMs ||
      grant.challenge !== challenge ||
      grant.redirectUri !== body.get('redirect_uri')
    )
      return [400, { error: 'invalid_grant' }]
    const id_token = await idToken(grant)
    return [
      200,
      { access_token: randomBytes(24).toString('base64url'), token_type: 'Bearer', expires_in: TOKEN_S, id_token },
    ]
  }

  function knowsSecret(request: IncomingMessage, body: URLSearchParams): boolean {
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const [id, secret] =
      basic === undefined
        ? [body.get('client_id'), body.get('client_secret')]
        : Buffer.from(basic, 'base64').toString().split(':', 2).map(decodeURIComponent)
    const [given, right] = [Buffer.from(secret ?? ''), Buffer.from(clientSecret)]
    return id === clientID && given.length === right.length && timingSafeEqual(given, right)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? '/', issuer)
    counts[at.pathname] = (counts[at.pathname] ?? 0) + 1
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
      response.end(body)
    }
    const json = (status: number, body: object): void => send(status, 'application/json', JSON.stringify(body))
    const fails = lies.fails?.[at.pathname]
    if (fails === 'hangs') return
    if (fails === 'garbage') return send(200, 'text/html', '<h1>Welcome to the hotel</h1>')
    if (fails !== undefined) return json(fails, { error: 'server_error' })
    switch (`${request.method} ${at.pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return json(200, discovery())
      case 'GET /keys':
        return json(200, { keys: [jwk] })
      case 'POST /token':
        return json(...(await token(request)))
      case 'GET /style.css':
        return send(200, 'text/css; charset=utf-8', STYLE)
      case 'GET /authorize': {
        const fault = requestFault(at.searchParams)
        if (fault !== null) return send(400, HTML, noticeOf('This cannot go on', fault))
        const choice = (sub: string | null): string => {
          const chosen = new URLSearchParams(at.searchParams)
          if (sub !== null) chosen.set('as', sub)
          return `/chosen?${chosen.toString()}`
        }
        return send(200, HTML, chooserOf(people, clientID, choice))
      }
      case 'GET /chosen': {
        const fault = requestFault(at.searchParams)
        if (fault !== null) return send(400, HTML, noticeOf('This cannot go on', fault))
        const sub = at.searchParams.get('as')
        log(sub === null ? 'somebody went back' : `${people.find((one) => one.sub === sub)?.name ?? sub} signed in`)
        response.writeHead(303, { location: back(at.searchParams, sub) })
        response.end()
        return
      }
      default:
        return send(404, HTML, noticeOf('Nothing is here', 'An application sends browsers to /authorize.'))
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      log(`request failed: ${error instanceof Error ? error.message : String(error)}`)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(options.port ?? 0, '127.0.0.1', listening.resolve)
  await listening.promise
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    get issuer() {
      return issuer
    },
    clientID,
    clientSecret,
    people,
    lies,
    honest() {
      for (const lie of Object.keys(lies) as (keyof ProviderLies)[]) delete lies[lie]
    },
    requests: () => ({ ...counts }),
    choose(authorizeUrl, sub) {
      const asked = new URL(authorizeUrl).searchParams
      const fault = requestFault(asked)
      if (fault !== null) throw new Error(fault)
      return back(asked, sub)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const HTML = 'text/html; charset=utf-8'

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > BODY_BYTES_MAX) throw new Error('the body is too large')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
