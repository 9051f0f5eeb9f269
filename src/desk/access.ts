import type { Actor } from '../journal/row.ts'
import type { Person, PersonRole, Session, Task, Token } from '../ports/records.ts'
import { base32, sha256 } from '../values/hash.ts'
import type { Instant } from '../values/instant.ts'
import { isPlain, nameKey } from '../values/name.ts'
import { ok, type Result } from '../values/result.ts'
import { type Command, deny } from './command.ts'
import type { Denial } from './desk.ts'

/** @param ask.links the person whom the code ties a chat user to; such a code opens no session. */
export async function issueCode(
  c: Command,
  ask: { hash: string; expiresAt: Instant; links?: string; actor: Actor },
): Promise<void> {
  const { hash, expiresAt, links } = ask
  const code = { hash, createdAt: c.now, expiresAt, usedAt: null, ...(links !== undefined && { links }) }
  await c.emit('code.issued', { type: 'code', id: ask.hash.slice(0, 12) }, 'access', { code }, ask.actor)
}

export type Redeem = {
  readonly codeHash: string
  readonly name: string
  readonly roles: readonly PersonRole[]
  /** What the first person of an installation may do instead; absent: no more than others. */
  readonly firstRoles?: readonly PersonRole[]
  readonly sessionHash: string
  readonly csrf: string
  readonly via: 'web' | 'cli'
  readonly expiresAt: Instant
  readonly actor: Actor
}

/** A code opens one session, once. Whoever gives a new name becomes a new person; the roles asked for are theirs from then on. */
export async function redeemCode(c: Command, ask: Redeem): Promise<Result<Session, Denial>> {
  const code = await c.tx.get('code', ask.codeHash)
  if (!code || code.links !== undefined || code.usedAt !== null || c.now > code.expiresAt)
    return deny(
      'CODE_INVALID',
      'This code is unknown, used or too old. Get a new one with `jax-exec signin-link` on the machine that runs the gateway.',
    )
  if (!isPlain(ask.name))
    return deny(
      'NAME_TAKEN',
      'This name holds characters that nobody sees, or blanks that are none: it could be read as that of another. Write it without them.',
    )
  const known = await byName(c, ask.name)
  if (!known && ((await c.tx.get('person', ask.name.trim())) || (await c.tx.get('token', ask.name.trim()))))
    return deny('NAME_TAKEN', 'Something else here goes by this name. Choose another name.')
  const person = known ?? (await addPerson(c, ask))
  if (person.disabled) return deny('NOT_ELIGIBLE', `${person.name} is disabled.`)
  const session: Session = {
    hash: ask.sessionHash,
    personID: person.personID,
    via: ask.via,
    csrf: ask.csrf,
    createdAt: c.now,
    expiresAt: ask.expiresAt,
    endedAt: null,
  }
  await c.emit(
    'session.opened',
    { type: 'person', id: person.personID },
    'access',
    { session, codeHash: ask.codeHash },
    { type: 'person', id: person.personID, via: ask.via, session: ask.sessionHash.slice(0, 12) },
  )
  const maker = await nameOfMaker(c, code.madeBy, person)
  if (known && maker !== null)
    await c.task(
      'SIGNED_IN_BY_CODE',
      `${person.personID}:${code.madeBy}`,
      'warning',
      `A session of ${person.name} was opened with a code that ${maker} made. If ${person.name} did not ask for it, it may be ${maker} who sits there: end it.`,
      'access',
    )
  return ok(session)
}

/** Who stands behind what somebody does, as people read it; null where that is they themselves, or the machine. */
export async function nameOfMaker(c: Command, madeBy: string | undefined, person: Person): Promise<string | null> {
  if (madeBy === undefined || madeBy === person.personID) return null
  return (await c.tx.get('person', madeBy))?.name ?? madeBy
}

async function byName(c: Command, name: string): Promise<Person | undefined> {
  const key = nameKey(name)
  return (await c.tx.all('person')).find((person) => nameKey(person.name) === key)
}

async function addPerson(c: Command, ask: Redeem): Promise<Person> {
  const personID = `usr_${base32(sha256(nameKey(ask.name)), 12)}`
  const isFirst = (await c.tx.all('person')).length === 0
  const person: Person = {
    personID,
    name: ask.name.trim(),
    roles: isFirst ? (ask.firstRoles ?? ask.roles) : ask.roles,
    disabled: false,
    ...(!isFirst && { newcomer: true }),
    createdAt: c.now,
  }
  await c.emit('person.added', { type: 'person', id: personID }, 'access', { person }, ask.actor)
  return person
}

export async function endSession(c: Command, ask: { hash: string; actor: Actor }): Promise<void> {
  const session = await c.tx.get('session', ask.hash)
  if (!session || session.endedAt !== null) return
  await c.emit('session.ended', { type: 'person', id: session.personID }, 'access', { hash: ask.hash }, ask.actor)
}

export async function issueToken(c: Command, ask: { token: Token; actor: Actor }): Promise<void> {
  const { actor } = ask
  const { madeBy: _, ...said } = ask.token
  const token: Token = { ...said, ...(actor.type === 'person' && { madeBy: actor.id }) }
  await c.emit('token.issued', { type: 'token', id: token.tokenID }, 'access', { token }, actor)
}

export async function revokeToken(c: Command, ask: { tokenID: string; actor: Actor }): Promise<Result<null, Denial>> {
  const token = await c.tx.get('token', ask.tokenID)
  if (!token) return deny('NOT_FOUND', `There is no token ${ask.tokenID}.`)
  if (token.revokedAt === null)
    await c.emit('token.revoked', { type: 'token', id: ask.tokenID }, 'access', { tokenID: ask.tokenID }, ask.actor)
  return ok(null)
}

/** Whoever has a role may say that they saw it; what is to be done about it stays to be done. */
export async function acknowledge(c: Command, ask: { taskID: string; actor: Actor }): Promise<Result<Task, Denial>> {
  const { taskID, actor } = ask
  const task = await c.tx.get('task', taskID)
  if (!task) return deny('NOT_FOUND', `There is no task ${taskID}.`)
  const person = actor.type === 'person' ? await c.tx.get('person', actor.id) : null
  if (!person || person.disabled || person.roles.length === 0)
    return deny('NOT_ELIGIBLE', 'Only a signed-in person with a role can say that an alert was seen.')
  if (task.doneAt !== null || task.acknowledgedAt !== undefined) return ok(task)
  await c.emit('task.acknowledged', { type: 'task', id: taskID }, task.corr, { by: person.personID }, actor)
  return ok((await c.tx.get('task', taskID)) ?? task)
}

export async function closeTask(
  c: Command,
  ask: { taskID: string; note: string; actor: Actor },
): Promise<Result<Task, Denial>> {
  const task = await c.tx.get('task', ask.taskID)
  if (!task) return deny('NOT_FOUND', `There is no task ${ask.taskID}.`)
  if (ask.actor.type !== 'person') return deny('NOT_ELIGIBLE', 'Only a signed-in person can close a task.')
  if (task.doneAt !== null) return ok(task)
  await c.emit(
    'task.closed',
    { type: 'task', id: task.taskID },
    task.corr,
    { by: ask.actor.id, note: ask.note },
    ask.actor,
  )
  // A frozen symbol thaws when the task is closed and the books agree: compare them now.
  await c.errand('reconcile', c.setting.account, 'reconcile')
  return ok((await c.tx.get('task', ask.taskID)) ?? task)
}
