import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { inForce } from '../desk/limiting.ts'
import { drillsOf } from '../desk/promoting.ts'
import { isLive, STAGE_TITLES } from '../orders/stage.ts'
import type { Origin } from '../ports/records.ts'
import { readAnchors } from '../store/anchors.ts'
import { journalBytes, verifyDatabase } from '../store/export.ts'
import { openReads } from '../store/sqlite.ts'
import type { Instant } from '../values/instant.ts'
import { proveRows, unproven } from './commands/verify-orders.ts'
import { placesIn, type Places, readOwnFile } from './datadir.ts'
import { Stop } from './exit.ts'

// Whether a live account may be opened: by the book of the paper account that people promoted so far.

/** Whether this data directory holds a book that knows its stage already: then nobody asks where it came from. */
export async function knowsItsStage({ database }: Pick<Places, 'database'>): Promise<boolean> {
  if (!existsSync(database)) return false
  const reads = openReads(database)
  try {
    return (await reads.get('stage', 'account')) !== null
  } catch {
    // A book of before there were stages; or one that cannot be read, which the start itself says better.
    return false
  } finally {
    reads.close()
  }
}

/**
 * The book of the paper account in `dir`, verified row by row: that nothing in it was changed, that people agreed to
 * everything in it, and that they promoted the account to a stage that trades with real money.
 *
 * @throws {Stop} STAGE_TOO_LOW or NOT_PROVEN, with what is wrong and what to do.
 */
export async function originIn(dir: string, now: Instant): Promise<Origin> {
  const places = placesIn(dir)
  if (!existsSync(places.database))
    throw refused(`There is no book in ${dir}.`, [
      'account.promotedFrom names the data directory of the paper account. Is it this one?',
    ])
  const key = readOwnFile(places.verifierKey)
  const verdict = verifyDatabase(places.database, {
    anchors: readAnchors(join(dir, 'anchors.jsonl')),
    keys: key === null ? [] : [key],
  })
  if (!verdict.ok)
    throw refused(
      `The journal in ${dir} is not as it was written: ${verdict.firstBad?.text ?? 'it cannot be verified'}.`,
      [`Look at it with: jax-exec audit verify --data-dir ${dir}`],
    )
  const wrong = unproven(proveRows(journalBytes(places.database), verdict.rows, null))
  if (wrong) throw refused(`Not everything in the journal in ${dir} is proven: ${wrong.message}`, wrong.lines)
  const reads = openReads(places.database)
  try {
    const [rollout, limits, identities, head] = await Promise.all([
      reads.get('stage', 'account'),
      reads.get('limits', 'account'),
      reads.all('identity'),
      reads.head(),
    ])
    const [identity] = identities
    if (!identity)
      throw refused(`The book in ${dir} has never met its account.`, [
        'Start the gateway there once, so that the broker says which account it is about.',
      ])
    if (!rollout || !isLive(rollout.stage))
      throw refused(
        `The paper account in ${dir} is at stage ${rollout ? `${rollout.stage}, ${STAGE_TITLES[rollout.stage]}` : 'S1, paper'}; real money is traded from S2 on.`,
        [`See what is missing with: jax-exec stages --data-dir ${dir}`],
      )
    return {
      account: identity.account,
      accountID: identity.accountID,
      size: head.size,
      head: head.hash,
      stage: 'S2',
      since: rollout.since,
      // Its limits are those that people agreed to for the pilot; whatever stage it earned on paper since, live begins there.
      limits: limits && rollout.stage === 'S2' ? inForce(limits, now) : null,
      build: rollout.build,
      drills: await drillsOf(reads),
    }
  } finally {
    reads.close()
  }
}

const refused = (message: string, lines: readonly string[]): Stop =>
  new Stop('CONFIG', message, {
    code: 'STAGE_TOO_LOW',
    lines: ['Nothing was started: a live account is opened by what was shown on paper.', ...lines],
  })
