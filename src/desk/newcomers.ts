import type { Actor } from '../journal/row.ts'
import type { Link, Person, Session, SigninCode } from '../ports/records.ts'
import type { Instant } from '../values/instant.ts'

// Whoever makes a sign-in code can use it themselves, under any name that it opens. So it is kept who stands behind a
// session, through all that was made in it: what such a session adds to somebody vouches for nobody.

/** Starts of hashes that are shorter say nothing. */
export const SESSION_DIGITS = 12

/** The session that an actor or a click names by the start of its hash; null where it names none of theirs. */
export const sessionNamed = (
  sessions: readonly Session[],
  personID: string,
  start: string | null | undefined,
): Session | null =>
  (start &&
    start.length >= SESSION_DIGITS &&
    sessions.find((one) => one.personID === personID && one.hash.startsWith(start))) ||
  null

/** Who stands behind what is done in this session, where that may be somebody else than its person. */
export const behind = (sessions: readonly Session[], { id, session }: Actor): string | undefined =>
  sessionNamed(sessions, id, session)?.codeBy

/** The code as it is kept. One that the machine of the gateway made is nobody's: whoever reads that can do everything. */
export const kept = (code: SigninCode, sessions: readonly Session[], actor: Actor): SigninCode => {
  const { madeBy: _, ...said } = code
  return actor.type === 'person' ? { ...said, madeBy: behind(sessions, actor) ?? actor.id } : said
}

/** The session, or the account, with who stands behind it: `by` a code that this person made. */
export function backed<T extends Session | Link>(made: T, by: string | undefined): T {
  const { codeBy: _, ...said } = made
  return (by === undefined || by === made.personID ? said : { ...said, codeBy: by }) as T
}

/** From now on they count for single clicks. Whoever did before keeps the moment from which on they did. */
export const asNew = (person: Person, at: Instant): Person =>
  person.newcomer === true ? person : { ...person, newcomer: true, newSince: at }

/**
 * What a change of their access makes of somebody. It confirms whoever is new, but one governor alone takes access away,
 * so that vouches for nobody.
 */
export function changedTo(person: Person, to: Pick<Person, 'roles' | 'disabled'>, takesAway: boolean): Person {
  if (takesAway) return { ...person, ...to }
  const { newcomer: _, newSince: __, ...known } = person
  return { ...known, ...to }
}
