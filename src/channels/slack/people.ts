import type { Clock } from '../../ports/clock.ts'
import { type Instant, msBetween } from '../../values/instant.ts'
import type { Profile, SlackClient } from './client.ts'

/** Whether Slack says that this is a full member of our workspace. `sure` is false when Slack could not be asked. */
export type Standing = { readonly ok: true } | { readonly ok: false; readonly sure: boolean; readonly text: string }

/** Long enough for a burst of clicks, short enough that somebody shut out this minute is out. */
const CACHE_MS = 60_000
const CACHED_MAX = 500

/**
 * Asks Slack who a user is, and remembers it for a minute.
 * @param fresh asks again whatever is remembered: a link lasts for years.
 */
export function openPeople(client: Pick<SlackClient, 'profile'>, teamID: string, clock: Clock) {
  const known = new Map<string, { readonly at: Instant; readonly standing: Standing }>()
  return {
    async standing(userID: string, fresh: boolean): Promise<Standing> {
      const kept = known.get(userID)
      const age = kept && msBetween(kept.at, clock.now())
      if (!fresh && kept && age !== undefined && age >= 0 && age < CACHE_MS) return kept.standing
      const asked = await client.profile(userID)
      if (!asked.ok)
        return {
          ok: false,
          sure: false,
          text: `Slack could not tell who you are (${asked.error.code}), so nothing was done. Try again, or use the page of the gateway.`,
        }
      const standing = judge(asked.value, userID, teamID)
      known.delete(userID)
      if (known.size >= CACHED_MAX) known.delete(known.keys().next().value ?? '')
      known.set(userID, { at: clock.now(), standing })
      return standing
    },
  }
}
export type People = ReturnType<typeof openPeople>

/** A flag that is missing counts against the user: a profile that we cannot read is not one that we know. */
function judge(profile: Profile, userID: string, teamID: string): Standing {
  if (profile.id !== userID) return no('Slack named somebody else than you.')
  if (profile.teamID !== teamID) return OUTSIDER
  if (profile.deleted !== false) return no('Your Slack account is deactivated.')
  if (profile.bot !== false) return no('Bots cannot decide anything.')
  if (profile.restricted !== false || profile.ultraRestricted !== false || (profile.stranger ?? false) !== false)
    return no('Guests of the workspace cannot decide anything.')
  return { ok: true }
}

const no = (text: string): Standing => ({
  ok: false,
  sure: true,
  text: `${text} Nothing was done. Ask a full member of the workspace.`,
})

export const OUTSIDER: Standing = no('You belong to another workspace; only members of this one may decide.')
