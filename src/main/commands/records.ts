import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { rebuildViews as foldViews } from '../../desk/project.ts'
import { KINDS, type Verdict } from '../../journal/verify.ts'
import { KEY, type Kind, type Records, VIEWS } from '../../ports/records.ts'
import type { Reads } from '../../ports/store.ts'
import { type Anchor, readAnchors } from '../../store/anchors.ts'
import { backupTo } from '../../store/backup.ts'
import { exportedRows, exportJournal, journalBytes, verifyDatabase, verifyExport } from '../../store/export.ts'
import { lock } from '../../store/lock.ts'
import { openReads, openSqliteStore } from '../../store/sqlite.ts'
import { Fault } from '../../values/fault.ts'
import { sha256Hex } from '../../values/hash.ts'
import { instant } from '../../values/instant.ts'
import { canonical } from '../../values/json.ts'
import { systemClock } from '../clock.ts'
import { type Context, progress } from '../context.ts'
import { readOwnFile, type Places } from '../datadir.ts'
import { Stop } from '../exit.ts'
import { syncFolder, writeHaltFile } from '../haltfile.ts'
import { grouped, harmless, pairs, paint } from '../print.ts'
import { proofText, proveRows, readPinned, unproven } from './verify-orders.ts'

type Witnesses = { readonly anchors: readonly Anchor[]; readonly keys: readonly string[] }

/** What vouches for the journal of this data directory. */
function witnesses(ctx: Context, key?: string): Witnesses {
  const known = key ?? readOwnFile(ctx.places().verifierKey)
  return { anchors: readAnchors(ctx.settings().audit.anchorsFile), keys: known === null ? [] : [known] }
}
function database(places: Places): string {
  if (existsSync(places.database)) return places.database
  throw new Stop('DATA', `There is no database in ${places.dir}.`, {
    code: 'NO_DATABASE',
    lines: [
      'It is made at the first start of the service. Is this the right data directory? (--data-dir, or JAX_EXEC_DATA)',
    ],
  })
}

export async function verifyAudit(
  ctx: Context,
  options: { export?: string; key?: string; passkeys?: string },
): Promise<void> {
  const { export: folder, key } = options
  const pinned = options.passkeys === undefined ? null : readPinned(options.passkeys)
  const verdict =
    folder === undefined ? verifyDatabase(database(ctx.places()), witnesses(ctx, key)) : verifyFolder(folder, key)
  const rows = folder === undefined ? journalBytes(database(ctx.places())) : exportedRows(folder)
  // Behind a broken link the chain was not read on; who said yes is looked for in all rows.
  const proof = proveRows(rows, verdict.ok ? verdict.rows : null, pinned)
  const missing = unproven(proof)
  ctx.out.answer({ ...verdict, ok: verdict.ok && missing === null, proof }, () =>
    [verdictText(verdict), '', proofText(proof)].join('\n'),
  )
  if (!verdict.ok)
    throw new Stop('DIFFERS', 'The journal is not as it was written.', {
      code: verdict.firstBad?.kind ?? 'DIFFERS',
      lines: ['Do not trade on it. Keep copies of the database, the anchors and this output.'],
    })
  if (missing) throw missing
}
function verifyFolder(folder: string, key: string | undefined): Verdict {
  try {
    return verifyExport(folder, key === undefined ? undefined : [key])
  } catch (error) {
    throw new Stop('DATA', `${folder} is no export that can be read: ${(error as Error).message}.`, { cause: error })
  }
}
const count = (n: number): string => grouped(String(n))
function verdictText(verdict: Verdict): string {
  const { rows, checkpoints, newest, rowsAfterNewest, firstBad } = verdict
  const facts = pairs([
    ['rows read', count(rows)],
    [
      'checkpoints',
      `${count(checkpoints.verified)} of ${count(checkpoints.given)} verified${newest === null ? '; none is signed by the key' : `, the newest over ${count(newest.size)} rows`}`,
    ],
    ['not signed yet', `${count(rowsAfterNewest)} rows`],
    ['hash', verdict.hash],
    ['root', verdict.root],
  ])
  if (firstBad === null) return `${paint('green', 'In order: no row was changed, removed, added or moved.')}\n${facts}`
  return `${paint('red', `${firstBad.kind}${firstBad.seq === null ? '' : ` at row ${firstBad.seq}`}: ${KINDS[firstBad.kind]}.`)}\n${harmless(firstBad.text)}\n${facts}`
}

export async function exportAudit(ctx: Context, folder: string): Promise<void> {
  try {
    const rows = exportJournal(database(ctx.places()), folder, witnesses(ctx))
    ctx.out.answer(
      { folder, rows },
      () => `${count(rows)} rows are in ${folder}. Anybody can check them: jax-exec audit verify --export ${folder}`,
    )
  } catch (error) {
    throw told(error)
  }
}

export async function auditHead(ctx: Context): Promise<void> {
  const reads = openReads(database(ctx.places()))
  try {
    const head = await reads.head()
    ctx.out.answer(head, () =>
      pairs([
        ['rows', count(head.size)],
        ['hash', head.hash],
        ['root', head.root],
      ]),
    )
  } finally {
    reads.close()
  }
}

/** Folds the views from the journal anew: in place, or on a copy to compare. */
export async function rebuildViews(ctx: Context, options: { check?: boolean }): Promise<void> {
  const places = ctx.places()
  const file = database(places)
  if (options.check !== true) return rebuildInPlace(ctx, file)
  const scratch = mkdtempSync(join(places.dir, 'rebuild-'))
  try {
    const copy = join(scratch, 'copy.db')
    await backupTo(file, copy)
    const { before, after, rows, differs } = await foldedAnew(ctx, copy)
    ctx.out.answer(
      {
        rows,
        same: differs.length === 0,
        views: Object.fromEntries(
          VIEWS.map((kind) => [
            kind,
            { stored: before[kind].count, rebuilt: after[kind].count, same: !differs.includes(kind) },
          ]),
        ),
      },
      () =>
        differs.length === 0
          ? `The views say what the journal says: ${VIEWS.map((kind) => `${count(after[kind].count)} ${kind}`).join(', ')}, from ${count(rows)} rows.`
          : `These views do not say what the journal says: ${differs.map((kind) => `${kind} (stored ${before[kind].count}, rebuilt ${after[kind].count})`).join(', ')}.`,
    )
    if (differs.length > 0)
      throw new Stop('DIFFERS', `${differs.length} views differ from the journal.`, {
        lines: ['Stop the service, then write them anew with: jax-exec views rebuild'],
      })
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function rebuildInPlace(ctx: Context, file: string): Promise<void> {
  const { rows } = await rebuilt(ctx, file)
  ctx.out.answer({ rows }, () => `The views are folded anew from ${count(rows)} rows.`)
}

type Prints = Record<(typeof VIEWS)[number], { readonly count: number; readonly hash: string }>

/** Folds the views of a copy anew, and says which were others before. */
export async function foldedAnew(ctx: Context, copy: string): Promise<Rebuilt & { differs: (typeof VIEWS)[number][] }> {
  const done = await rebuilt(ctx, copy)
  return { ...done, differs: VIEWS.filter((kind) => done.before[kind].hash !== done.after[kind].hash) }
}

type Rebuilt = { readonly before: Prints; readonly after: Prints; readonly rows: number }
async function rebuilt(ctx: Context, file: string): Promise<Rebuilt> {
  const store = await openSqliteStore({ file, clock: systemClock(), boot: `rebuild-${process.pid}` }).catch(
    (error: unknown) => {
      throw told(error)
    },
  )
  try {
    const before = await prints(store)
    const { size } = await store.head()
    const bar = progress(ctx.out, 'Folding the journal')
    const rows = await store.transact((tx) => foldViews(tx, (done) => bar.at(done, size)))
    bar.end()
    return { before, after: await prints(store), rows }
  } finally {
    await store.close()
  }
}

/** A comparison with the broker that finds what the last one found is not told to the journal, so its time is not in it. */
const UNTOLD: { readonly [K in Kind]?: Partial<Records[K]> } = { reconcile: { at: instant(0) } }

/** One hash over every record of a view, whatever the order they come in. */
async function prints(reads: Reads): Promise<Prints> {
  const entries = await Promise.all(VIEWS.map(async (kind) => [kind, await printOf(reads, kind)] as const))
  return Object.fromEntries(entries) as Prints
}
async function printOf<K extends Kind>(reads: Reads, kind: K): Promise<{ count: number; hash: string }> {
  const lines = (await reads.all(kind))
    .map((record) => `${KEY[kind](record)} ${canonical({ ...record, ...UNTOLD[kind] })}`)
    .sort()
  return { count: lines.length, hash: sha256Hex(lines.join('\n')) }
}

export async function backup(ctx: Context, file: string): Promise<void> {
  try {
    const head = await backupTo(database(ctx.places()), file)
    ctx.out.answer(
      { file, ...head },
      () =>
        `${file} holds the database with ${count(head.size)} rows.\nNot in it: the keys, the tokens and the anchors. Keep ${ctx.places().auditKey} and ${ctx.settings().audit.anchorsFile} elsewhere too.`,
    )
  } catch (error) {
    throw told(error)
  }
}

/**
 * Puts a backup in place of the database, which is kept beside it. Afterwards trading is halted: what happened since the
 * backup is known to the broker alone, until it has been compared.
 */
export async function restore(
  ctx: Context,
  file: string,
  options: { yes?: boolean; acceptLoss?: boolean },
): Promise<void> {
  const places = ctx.places()
  const { anchorsFile } = ctx.settings().audit
  if (!existsSync(file)) throw new Stop('USAGE', `There is no file ${file}.`)
  let held: ReturnType<typeof lock>
  try {
    held = lock(places.database, systemClock().now())
  } catch (error) {
    throw told(error)
  }
  try {
    const { verdict, lacking } = inspect(ctx, file)
    const lost = lacking
      ? [
          `It ends before row ${count(verdict.newest?.size ?? 0)}, which was signed: everything after row ${count(verdict.rows)} is lost to us, and the anchors are put aside.`,
        ]
      : []
    if (lacking && options.acceptLoss !== true)
      throw new Stop(
        'REFUSED',
        `${file} is older than what was signed: it has ${count(verdict.rows)} rows, ${count(verdict.newest?.size ?? 0)} were signed.`,
        {
          code: 'OLD_BACKUP',
          lines: [
            'Look for a newer one. If there is none, add --accept-loss; the broker is compared before anything is sent.',
          ],
        },
      )
    ctx.out.say([`${file} holds ${count(verdict.rows)} rows and is in order.`, ...lost].join('\n'))
    if (options.yes !== true) {
      const yes = await ctx.confirm('Put it in place of the database?')
      if (yes === null) throw new Stop('USAGE', 'There is no terminal to ask at; add --yes.')
      if (!yes) throw new Stop('FAILED', 'Nothing was changed.', { code: 'NOT_CONFIRMED' })
    }
    const fresh = `${places.database}.restoring`
    rmSync(fresh, { force: true })
    await backupTo(file, fresh)
    writeHaltFile(places.halt, {
      by: 'restore',
      reason: 'the database was restored from a backup; compare with the broker, then release',
      at: new Date().toISOString(),
    })
    const aside = `before-restore-${new Date().toISOString().replace(/[:.]/g, '-')}`
    for (const part of ['', '-wal', '-shm'])
      if (existsSync(`${places.database}${part}`))
        renameSync(`${places.database}${part}`, `${places.database}.${aside}${part}`)
    renameSync(fresh, places.database)
    if (lacking && existsSync(anchorsFile)) renameSync(anchorsFile, `${anchorsFile}.${aside}`)
    syncFolder(places.dir)
    ctx.out.answer(
      { restored: file, rows: verdict.rows, lost: lacking, kept: `${places.database}.${aside}` },
      () =>
        `Restored. The database before is kept as ${places.database}.${aside}.\nThe service will start halted; release it with: jax-exec resume --reason "…"`,
    )
  } catch (error) {
    throw told(error)
  } finally {
    held.release()
  }
}

/** A backup must be whole in itself. Being older than the anchors is another question, for a person. */
function inspect(ctx: Context, file: string): { verdict: Verdict; lacking: boolean } {
  const verdict = verifyDatabase(file, witnesses(ctx))
  const lacking = verdict.firstBad?.kind === 'ROLLED_BACK'
  if (!verdict.ok && !lacking)
    throw new Stop('DIFFERS', `${file} is not in order: ${verdict.firstBad?.text}.`, {
      code: verdict.firstBad?.kind ?? 'DIFFERS',
    })
  return { verdict, lacking }
}

/** The store's faults that a person can act on. */
function told(error: unknown): unknown {
  if (!(error instanceof Fault)) return error
  if (error.code === 'STORE_LOCKED')
    return new Stop('BUSY', 'The service is running on this data directory: stop it first.', {
      code: error.code,
      lines: [error.message],
      cause: error,
    })
  if (error.code.endsWith('_EXISTS')) return new Stop('USAGE', `${error.message}.`, { code: error.code, cause: error })
  return error
}
