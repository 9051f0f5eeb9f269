import { z } from 'zod'
import { linkID } from '../desk/evidence.ts'
import { mintSession } from './access.ts'
import { answers, denied, json, missing } from './answers.ts'
import { type Api, lasting } from './context.ts'
import { field, id, oneOf } from './fields.ts'
import { CALLBACK, type Oidc, type OidcTrouble, type Vouched, VISIT_MS, VOUCHED_MS } from './oidc.ts'
import { viewLink } from './present-approvals.ts'
import { type Answer, problem } from './problem.ts'
import { type Call, type Route, route } from './route.ts'
import { sessionCookie } from './routes-access.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'
import { ok } from '../values/result.ts'

// Signing in with an account at a provider. The browser goes there and comes back, so these are pages, not calls; whatever
// goes wrong ends on the page for signing in, where a one-time code works as ever.

/** What the page is told in the fragment of its address, which no server ever sees. */
type Word = OidcTrouble | 'off' | 'unlinked' | 'disabled' | 'confirm'

/** A page of ours to come back to: whatever else is asked for becomes the first one. */
const page = field<string>(
  (value) =>
    ok(typeof value === 'string' && /^\/(?:[\w.:@-]{1,160}(?:\/[\w.:@-]{1,160}){0,3})?$/.test(value) ? value : '/'),
  { type: 'string', description: 'The page to come back to.', examples: ['/intents/sig-1'] },
)

const goTo = (to: string): Answer => ({ status: 303, headers: { location: to } })
const told = (to: string, word: Word): Answer => goTo(`${to}#oidc=${word}`)
const SIGN_IN = '/signin'
const ACCESS_PAGE = '/access'

// --- cookies

type Kind = 'visit' | 'vouched'
/** Over https the name keeps a neighbour's host from planting one of its own (RFC 6265bis, __Host-): that wants the path `/`. */
const nameOf = (kind: Kind, https: boolean): string => `${https ? '__Host-' : ''}jax_oidc_${kind}`

function cookie(api: Api, kind: Kind, secret: string, ms: number): string {
  const { https } = api.served
  // The one cookie that comes along from another site: without it nobody who returns from the provider is known.
  const [sameSite, path] = kind === 'visit' ? ['Lax', https ? '/' : CALLBACK] : ['Strict', https ? '/' : '/v1']
  return `${nameOf(kind, https)}=${secret}; Max-Age=${ms / 1000}; Path=${path}; HttpOnly; SameSite=${sameSite}${https ? '; Secure' : ''}`
}

/** The secret in a cookie. Two of one name are one too many: one of them is not ours. */
function shown(api: Api, { request }: Pick<Call<unknown, unknown, unknown>, 'request'>, kind: Kind): string | null {
  const name = `${nameOf(kind, api.served.https)}=`
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const [value, ...more] = pairs.filter((pair) => pair.startsWith(name)).map((pair) => pair.slice(name.length))
  return value !== undefined && more.length === 0 && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null
}

// --- routes

const seeOther = (description: string) => ({ 303: { description, schema: null } })

export const OIDC: readonly Route[] = [
  route({
    name: 'waysToSignIn',
    method: 'GET',
    path: '/v1/signin',
    access: 'open',
    tag: 'Access',
    summary: 'How can one sign in here?',
    description:
      'A one-time code always works. `provider` is there when another way is configured. `vouched` is the account that the provider has just vouched for in this browser, while it is linked to nobody.',
    answers: answers('The ways.', schema.waysToSignIn),
    async run(api, call) {
      const { oidc } = api
      const vouched = oidc && waiting(api, oidc, call)
      const ways: wire.WaysToSignIn = {
        provider: oidc ? { name: oidc.name, url: `${oidc.publicUrl()}/signin/oidc` } : null,
        vouched: vouched ? { linkID: linkID(vouched.account), label: vouched.label } : null,
      }
      return json(ways)
    },
  }),
  route({
    name: 'beginProviderSignIn',
    method: 'GET',
    path: '/signin/oidc',
    access: 'open',
    tag: 'Access',
    summary: 'Go to the sign-in provider',
    description: 'For browsers. `for=link` is for whoever is signed in, and opens no session.',
    query: z.strictObject({
      for: oneOf(['sign-in', 'link'], 'What the visit is for.').optional(),
      to: page.optional(),
    }),
    answers: seeOther('On to the provider; or, when it does not answer, back to the page for signing in.'),
    async run(api, { query, reply }) {
      const purpose = query.for ?? 'sign-in'
      if (!api.oidc) return told(backFrom(purpose), 'off')
      const begun = await api.oidc.begin({ purpose, to: purpose === 'link' ? ACCESS_PAGE : (query.to ?? '/') })
      if (!begun.ok) return told(backFrom(purpose), begun.error)
      void reply.header('set-cookie', cookie(api, 'visit', begun.value.secret, VISIT_MS))
      return goTo(begun.value.url)
    },
  }),
  route({
    name: 'endProviderSignIn',
    method: 'GET',
    path: CALLBACK,
    access: 'open',
    tag: 'Access',
    summary: 'Come back from the sign-in provider',
    description: 'For browsers. Once, in the browser that began, within five minutes.',
    query: z.looseObject({}),
    answers: seeOther('On to a page of ours: signed in, or told why not.'),
    async run(api, call) {
      const { oidc } = api
      if (!oidc) return told(SIGN_IN, 'off')
      const { reply, request } = call
      void reply.header('set-cookie', cookie(api, 'visit', '', 0))
      const cut = request.url.indexOf('?')
      const answer = new URLSearchParams(cut < 0 ? '' : request.url.slice(cut))
      const { visit, result } = await oidc.finish(shown(api, call, 'visit'), answer)
      const back = backFrom(visit?.purpose ?? 'sign-in')
      if (!result.ok) return told(back, result.error)
      return visit?.purpose === 'link'
        ? keep(api, oidc, call, result.value, 'confirm')
        : enter(api, oidc, call, result.value, visit?.to ?? '/')
    },
  }),
  route({
    name: 'linkAccount',
    method: 'POST',
    path: '/v1/me/links',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Link the account that the sign-in provider vouched for to me',
    description: 'From then on it signs me in. Everybody is told by a task.',
    body: z.strictObject({ linkID: id('the `linkID` of `vouched` of GET /v1/signin', 'oidc:4m0c7vq2') }),
    answers: answers('Linked; also when it was before.', schema.link, 201),
    problems: ['NOT_FOUND', 'NAME_TAKEN', 'NOT_ELIGIBLE'],
    async run(api, call) {
      const { body, caller, reply } = call
      const vouched = api.oidc ? waiting(api, api.oidc, call) : null
      // Named by the page, so that what is linked is what the person was shown.
      if (!api.oidc || !vouched || linkID(vouched.account) !== body.linkID)
        return missing('account that waits to be linked,', body.linkID)
      if (!caller.session)
        return problem('NOT_ELIGIBLE', 'Only whoever is signed in can link an account to themselves.')
      const { account } = vouched
      const result = await api.desk.linkAccount({ account, sessionHash: caller.session.hash, actor: caller.actor })
      if (!result.ok) return denied(result.error)
      api.oidc.waiting.take(shown(api, call, 'vouched') ?? '')
      void reply.header('set-cookie', cookie(api, 'vouched', '', 0))
      return json(viewLink(result.value), 201)
    },
  }),
]

const backFrom = (purpose: 'sign-in' | 'link'): string => (purpose === 'link' ? ACCESS_PAGE : SIGN_IN)

type Visitor = Pick<Call<unknown, unknown, unknown>, 'request' | 'reply' | 'now'>

function waiting(api: Api, oidc: Oidc, call: Pick<Visitor, 'request'>): Vouched | null {
  const secret = shown(api, call, 'vouched')
  return secret === null ? null : oidc.waiting.look(secret)
}

/** Keeps the account for whoever signs in with this browser next: linking it is their own decision, made on the page. */
function keep(api: Api, oidc: Oidc, { reply }: Visitor, vouched: Vouched, word: 'confirm' | 'unlinked'): Answer {
  void reply.header('set-cookie', cookie(api, 'vouched', oidc.waiting.put(vouched), VOUCHED_MS))
  return told(word === 'confirm' ? ACCESS_PAGE : SIGN_IN, word)
}

/** Opens a new session for whoever the account is linked to. */
async function enter(api: Api, oidc: Oidc, call: Visitor, vouched: Vouched, to: string): Promise<Answer> {
  const { secret, hash, csrf } = mintSession(api.random)
  const opened = await api.desk.openByAccount({
    account: vouched.account,
    sessionHash: hash,
    csrf,
    expiresAt: lasting(api, call.now, api.limits.sessionMs),
  })
  if (!opened.ok) {
    const { code } = opened.error
    api.log.warn({ address: call.request.ip, code }, 'sign-in by the provider refused')
    return code === 'IDENTITY_UNLINKED' ? keep(api, oidc, call, vouched, 'unlinked') : told(SIGN_IN, 'disabled')
  }
  void call.reply.header('set-cookie', sessionCookie(api, secret, Math.floor(api.limits.sessionMs / 1000)))
  return goTo(to)
}
