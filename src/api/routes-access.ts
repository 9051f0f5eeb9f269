import { z } from 'zod'
import type { Token } from '../ports/records.ts'
import { rfc3339 } from '../values/instant.ts'
import { isPlain } from '../values/name.ts'
import { err, ok } from '../values/result.ts'
import {
  AGENT_SCOPES,
  codeHash,
  FIRST_ROLES,
  LATER_ROLES,
  mintCode,
  mintSession,
  mintToken,
  type Scope,
  scopesOf,
} from './access.ts'
import { answers, denied, json, NOTHING } from './answers.ts'
import { type Api, lasting } from './context.ts'
import { empty, field, id, label, oneOf, prose } from './fields.ts'
import { askToEnrol, enrolmentOf, registrationField, signedField, siteOf } from './passkeys.ts'
import { viewMe, viewPerson, viewToken } from './present.ts'
import { sessionID, viewLink, viewPasskey, viewSession } from './present-approvals.ts'
import { problem } from './problem.ts'
import { type Route, route } from './route.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'

// Who gets in, and with what they prove that it is they.

/** Over https the name itself promises `Secure`, `Path=/` and no other host (RFC 6265bis, __Host-). */
export const SESSION_COOKIE = (https: boolean): string => (https ? '__Host-jax_session' : 'jax_session')

const DAY_MS = 86_400_000

const shown = (token: Token): wire.Token => ({
  ...viewToken(token),
  ...(token.madeBy !== undefined && { madeBy: token.madeBy }),
})

const session: Route[] = [
  route({
    name: 'signIn',
    method: 'POST',
    path: '/v1/session',
    access: 'open',
    tag: 'Access',
    summary: 'Sign in with a one-time code',
    description:
      'A new name becomes a new person. The first person of an installation may do everything; later ones are traders and approvers. `via=cli` answers the session instead of setting a cookie.',
    query: z.strictObject({ via: oneOf(['web', 'cli'], 'What the session is for.').optional() }),
    body: z.strictObject({
      code: prose('The one-time code.', { min: 1, max: 100 }, 'k3xm-9t2v-c0qe-7hzw'),
      name: prose('Your name, as others will see it.', { min: 1, max: 60 }, 'Ana'),
    }),
    answers: {
      201: {
        description: 'Signed in. With `via=cli`, `session` and `me`; else `Me` and a cookie.',
        schema: schema.signedIn,
      },
    },
    problems: ['CODE_INVALID', 'TOO_MANY_ATTEMPTS', 'NAME_TAKEN', 'NOT_ELIGIBLE'],
    async run(api, { query, body, now }) {
      const via = query.via ?? 'web'
      const { secret, hash, csrf } = mintSession(api.random)
      const name = body.name.replace(/\s+/g, ' ')
      const forName = codeHash(body.code, name)
      const result = await api.desk.redeemCode({
        codeHash: (await api.reads.get('code', forName)) ? forName : codeHash(body.code),
        name,
        roles: LATER_ROLES,
        firstRoles: FIRST_ROLES,
        sessionHash: hash,
        csrf,
        via,
        expiresAt: lasting(api, now, api.limits.sessionMs),
        actor: { type: 'person', id: name, via, session: hash.slice(0, 16) },
      })
      if (!result.ok) return denied(result.error)
      const person = await api.reads.get('person', result.value.personID)
      if (!person)
        return denied({
          code: 'CODE_INVALID',
          text: 'The person of this session is not there any more. Get a new code.',
          refusals: [],
        })
      const scopes = [...scopesOf(person.roles)].sort()
      const me: wire.Me = {
        kind: 'person',
        id: person.personID,
        name: person.name,
        roles: [...person.roles],
        scopes,
        csrf: via === 'web' ? csrf : null,
      }
      if (via === 'cli') return json({ session: secret, me }, 201)
      return json(me, 201, { 'set-cookie': sessionCookie(api, secret, Math.floor(api.limits.sessionMs / 1000)) })
    },
  }),
  route({
    name: 'signOut',
    method: 'DELETE',
    path: '/v1/session',
    access: 'signed-in',
    tag: 'Access',
    summary: 'Sign out',
    answers: { 204: { description: 'The session has ended.', schema: null } },
    async run(api, { caller }) {
      if (!caller.session)
        return problem('INVALID_REQUEST', 'A token is not a session; an admin revokes it with DELETE /v1/tokens/{id}.')
      await api.desk.endSession({ hash: caller.session.hash, actor: caller.actor })
      return { ...NOTHING, headers: { 'set-cookie': sessionCookie(api, '', 0) } }
    },
  }),
  route({
    name: 'getMe',
    method: 'GET',
    path: '/v1/me',
    access: 'signed-in',
    tag: 'Access',
    summary: 'Who am I, and what may I do?',
    answers: answers('The caller.', schema.me),
    async run(_api, { caller }) {
      return json(viewMe(caller))
    },
  }),
  route({
    name: 'makeSigninCode',
    method: 'POST',
    path: '/v1/signin-codes',
    access: ['signin:issue'],
    tag: 'Access',
    summary: 'Make a one-time sign-in code',
    description:
      'For admins, and for whoever can read the operator token on the machine itself. With `name` it signs in nobody else. Without, whoever has it signs in under any name, also that of somebody who is here already: give such a code to nobody but yourself.',
    body: z.strictObject({
      name: prose(
        'Who alone may use it, a new person or one who is here already.',
        { min: 1, max: 60 },
        'Ben',
      ).nullish(),
    }),
    answers: answers('The code, shown this once.', schema.signinCode, 201),
    remembers: true,
    async run(api, { body, caller, now }) {
      const name = body.name ?? null
      if (name !== null && !isPlain(name))
        return problem('INVALID_REQUEST', 'The name holds characters that nobody sees. Write it without them.', {
          errors: [{ path: '$.name', message: 'must read as it is written' }],
        })
      const { code, hash } = mintCode(api.random, name)
      const expiresAt = lasting(api, now, api.limits.codeMs)
      await api.desk.issueCode({ hash, expiresAt, actor: caller.actor })
      return json({ code, expiresAt: rfc3339(expiresAt) }, 201)
    },
  }),
  route({
    name: 'listTokens',
    method: 'GET',
    path: '/v1/tokens',
    access: ['tokens:write'],
    tag: 'Access',
    summary: 'Agent tokens',
    answers: answers('The tokens, without their secrets.', schema.items('TokenList', schema.token)),
    async run(api) {
      return json({ items: (await api.reads.all('token')).map(shown) })
    },
  }),
  route({
    name: 'makeToken',
    method: 'POST',
    path: '/v1/tokens',
    access: ['tokens:write'],
    tag: 'Access',
    summary: 'Make a token for an agent',
    description:
      'Lasts 90 days. A token can propose, read and halt; it can never approve, release or hand out access. Its owner answers for it and so cannot approve what it proposes; nor can whoever makes it, who is shown its secret.',
    body: z.strictObject({
      name: label('What the token is for.', 'jax'),
      scopes: field<readonly Scope[]>(
        (value) => {
          if (!Array.isArray(value) || value.length === 0)
            return err(`must be a list with some of ${AGENT_SCOPES.join(', ')}`)
          const wrong = value.find((scope: unknown) => !(AGENT_SCOPES as readonly unknown[]).includes(scope))
          return wrong === undefined
            ? ok([...new Set(value as Scope[])])
            : err(`may hold only ${AGENT_SCOPES.join(', ')}: the others are for people`)
        },
        {
          type: 'array',
          items: { type: 'string', enum: AGENT_SCOPES },
          description: 'All of them when absent.',
          examples: [AGENT_SCOPES],
        },
      ).nullish(),
      owner: id('the id of a person', 'usr_k3xm9t2vc0qe').nullish(),
    }),
    answers: answers('The token with its secret, shown this once.', schema.tokenMade, 201),
    remembers: true,
    async run(api, { body, caller, now }) {
      const owner = body.owner ?? caller.id
      if (!(await api.reads.get('person', owner)))
        return problem('INVALID_REQUEST', `There is no person ${owner} to own the token.`, {
          errors: [{ path: '$.owner', message: 'must be the id of a person' }],
        })
      const expiresAt = lasting(api, now, api.limits.tokenDays * DAY_MS)
      const { secret, token } = mintToken(
        { environment: api.environment, name: body.name, owner, scopes: body.scopes ?? AGENT_SCOPES, now, expiresAt },
        api.random,
      )
      await api.desk.issueToken({ token, actor: caller.actor })
      return json({ token: secret, ...shown({ ...token, madeBy: caller.id }) }, 201)
    },
  }),
  route({
    name: 'revokeToken',
    method: 'DELETE',
    path: '/v1/tokens/:id',
    access: ['tokens:write'],
    tag: 'Access',
    summary: 'Revoke a token, at once',
    params: z.strictObject({ id: id('the id of a token', 'k3xm9t2v') }),
    answers: { 204: { description: 'Revoked; also when it was before.', schema: null } },
    async run(api, { params, caller }) {
      const result = await api.desk.revokeToken({ tokenID: params.id, actor: caller.actor })
      return result.ok ? NOTHING : denied(result.error)
    },
  }),
  route({
    name: 'listPeople',
    method: 'GET',
    path: '/v1/people',
    access: ['people:read'],
    tag: 'Access',
    summary: 'Who has access',
    description: 'With their passkeys, for whoever may propose that one is revoked: names and days, no keys.',
    answers: answers('The people and their roles.', schema.items('PersonList', schema.person)),
    async run(api, { caller }) {
      const [people, passkeys] = await Promise.all([api.reads.all('person'), api.reads.all('passkey')])
      const governs = caller.scopes.has('approvals:policy')
      const inUse = passkeys.filter(({ revokedAt }) => revokedAt === null)
      const items = people.map((person) => {
        const theirs = inUse.filter(({ personID }) => personID === person.personID)
        return { ...viewPerson(person), ...(governs && { passkeys: theirs.map(viewPasskey) }) }
      })
      return json({ items })
    },
  }),
]

export function sessionCookie(api: Api, secret: string, maxAgeSeconds: number): string {
  return `${SESSION_COOKIE(api.served.https)}=${secret}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${api.served.https ? '; Secure' : ''}`
}

// --- one's own access

const credentialID = field<string>(
  (value) =>
    typeof value === 'string' && /^[A-Za-z0-9_-]{1,1400}$/.test(value) ? ok(value) : err('must be the id of a passkey'),
  {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,1400}$',
    description: 'The id of a passkey, base64url.',
    examples: ['3q2-7wAAAAAAAAAAAAAAAA'],
  },
)
/** A link goes by what the provider calls its user, which may be long and odd. */
const linkID = field<string>(
  (value) =>
    typeof value === 'string' && /^[\x21-\x7e]{1,600}$/.test(value) ? ok(value) : err('must be the id of a link'),
  {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,600}$',
    description: 'The id of a link.',
    examples: ['slack:T0JAX:U0ANA'],
  },
)
const passkeyName = prose('Your name for it, to tell it from others.', { min: 1, max: 40 }, 'laptop')

const own: Route[] = [
  route({
    name: 'getOwnAccess',
    method: 'GET',
    path: '/v1/me/access',
    access: ['access:own'],
    tag: 'Access',
    summary: 'My passkeys, linked chats and sessions',
    answers: answers('What you get in with, and say yes with.', schema.accessOwn),
    async run(api, { caller, now, request }) {
      const [passkeys, links, sessions] = await Promise.all([
        api.reads.all('passkey'),
        api.reads.all('link'),
        api.reads.all('session'),
      ])
      const mine = <T extends { readonly personID: string }>(all: readonly T[]): readonly T[] =>
        all.filter(({ personID }) => personID === caller.id)
      const site = siteOf(api, request)
      const access: wire.Access = {
        passkeys: mine(passkeys).map(viewPasskey),
        links: mine(links).map(viewLink),
        sessions: mine(sessions)
          .filter((one) => one.endedAt === null && now < one.expiresAt && !api.isIdle(one, now))
          .map((one) => viewSession(one, caller.session?.hash ?? null)),
        canEnrol: site.ok ? { ok: true } : { ok: false, why: site.error },
      }
      return json(access)
    },
  }),
  route({
    name: 'beginPasskey',
    method: 'POST',
    path: '/v1/me/passkeys/begin',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Begin a new passkey',
    description:
      'For people in the browser. Whoever has a passkey already confirms the new one with it: sign `confirm` first, then make the new one from `options`. Whoever has lost theirs has an admin propose to revoke it.',
    body: z.strictObject({ name: passkeyName }),
    answers: answers('What to ask the browser for.', schema.enrolAsk),
    problems: ['NO_PASSKEY'],
    async run(api, call) {
      const ask = await askToEnrol(api, call, call.body.name)
      return ask.ok ? json(ask.value) : ask.error
    },
  }),
  route({
    name: 'enrolPasskey',
    method: 'POST',
    path: '/v1/me/passkeys',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Enrol the new passkey',
    description:
      'It approves nothing live for its first day: time to notice that somebody else enrolled it. A further one is told to everybody as a task.',
    body: z.strictObject({ name: passkeyName, response: registrationField, confirm: signedField.nullish() }),
    answers: answers('Enrolled.', schema.passkey, 201),
    problems: ['NO_PASSKEY', 'PASSKEY_REFUSED', 'ASSURANCE_TOO_LOW', 'NOT_ELIGIBLE'],
    async run(api, call) {
      const { name, response, confirm } = call.body
      const enrolment = await enrolmentOf(api, call, { name, response, confirm: confirm ?? null })
      if (!enrolment.ok) return enrolment.error
      const result = await api.desk.enrolPasskey(enrolment.value)
      return result.ok ? json(viewPasskey(result.value), 201) : denied(result.error)
    },
  }),
  route({
    name: 'revokePasskey',
    method: 'DELETE',
    path: '/v1/me/passkeys/:credentialID',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Revoke a passkey of mine, at once',
    description:
      'What it approved and was not sent yet is not sent any more. A passkey of somebody else is revoked by a change.',
    params: z.strictObject({ credentialID }),
    answers: answers('Revoked; also when it was before.', schema.passkey),
    async run(api, { params, caller }) {
      const result = await api.desk.revokePasskey({
        credentialID: params.credentialID,
        reason: 'Revoked by its owner.',
        actor: caller.actor,
      })
      return result.ok ? json(viewPasskey(result.value)) : denied(result.error)
    },
  }),
  route({
    name: 'makeLinkCode',
    method: 'POST',
    path: '/v1/me/link-codes',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Make a code that links a chat account to me',
    description:
      'Works once, for ten minutes, for whoever sends it in the chat: `link CODE`. Clicks of that account are yours from then on. It opens no session.',
    body: empty,
    answers: answers('The code, shown this once.', schema.signinCode, 201),
    async run(api, { caller, now }) {
      const { code, hash } = mintCode(api.random)
      const expiresAt = lasting(api, now, api.limits.codeMs)
      await api.desk.issueCode({ hash, expiresAt, links: caller.id, actor: caller.actor })
      return json({ code, expiresAt: rfc3339(expiresAt) }, 201)
    },
  }),
  route({
    name: 'endLink',
    method: 'DELETE',
    path: '/v1/me/links/:linkID',
    access: ['access:own'],
    tag: 'Access',
    summary: 'Unlink an account, at once',
    description:
      'One of mine; an admin ends any. The sessions that an account at the sign-in provider opened end with it.',
    params: z.strictObject({ linkID }),
    answers: answers('Unlinked; also when it was before.', schema.link),
    async run(api, { params, caller }) {
      const result = await api.desk.endLink({
        linkID: params.linkID,
        reason: 'Unlinked on the page.',
        actor: caller.actor,
      })
      return result.ok ? json(viewLink(result.value)) : denied(result.error)
    },
  }),
  route({
    name: 'endSession',
    method: 'DELETE',
    path: '/v1/me/sessions/:id',
    access: ['access:own'],
    tag: 'Access',
    summary: 'End a session of mine, at once',
    params: z.strictObject({ id: id('the id of a session', '5f0c1d9e2b7a4c38') }),
    answers: { 204: { description: 'Ended; also when it was before.', schema: null } },
    async run(api, { params, caller }) {
      const session = (await api.reads.all('session')).find(
        (one) => one.personID === caller.id && sessionID(one) === params.id,
      )
      if (!session) return problem('NOT_FOUND', 'None of your open sessions goes by this id.')
      await api.desk.endSession({ hash: session.hash, actor: caller.actor })
      return NOTHING
    },
  }),
]

export const ACCESS: readonly Route[] = [...session, ...own]
