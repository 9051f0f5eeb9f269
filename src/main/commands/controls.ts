// The review of all controls, from the data directory alone: with the service running or not.
import { existsSync, writeFileSync } from 'node:fs'
import { type Report, reportOf, type Section, surveillanceOf } from '../../desk/reviewing.ts'
import { dayOf } from '../../values/day.ts'
import { type Instant, parseInstant, plusMs, rfc3339 } from '../../values/instant.ts'
import { readAnchors } from '../../store/anchors.ts'
import { journalBytes, verifyDatabase } from '../../store/export.ts'
import { openReads } from '../../store/sqlite.ts'
import { systemClock } from '../clock.ts'
import { type Context, progress } from '../context.ts'
import { readOwnFile } from '../datadir.ts'
import { Stop } from '../exit.ts'
import { type Column, harmless, paint, table } from '../print.ts'
import { reportHtml } from '../report-html.ts'
import { proveRows, unproven } from './verify-orders.ts'

const YEAR_MS = 365 * 86_400_000
const ZONE = 'America/New_York'

type Period = { readonly from?: string; readonly to?: string }

/** A day, from its first moment in New York; or a moment. */
function momentOf(text: string, name: string): Instant {
  const at = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T12:00:00Z` : text)
  if (at === null)
    throw new Stop('USAGE', `--${name} is ${harmless(text)}; write a day such as 2026-11-24, or 2026-11-24T15:00:00Z.`)
  return text.length === 10 ? dayOf(at, ZONE).from : at
}
function periodOf({ from, to }: Period): { readonly from: Instant; readonly to: Instant } {
  const end = to === undefined ? systemClock().now() : momentOf(to, 'to')
  const start = from === undefined ? plusMs(end, -YEAR_MS) : momentOf(from, 'from')
  if (start < end) return { from: start, to: end }
  throw new Stop('USAGE', 'The period ends before it begins.', {
    lines: ['controls report --from 2026-01-01 --to 2027-01-01'],
  })
}

function openBook(ctx: Context) {
  const { database, dir } = ctx.places()
  if (existsSync(database)) return openReads(database)
  throw new Stop('DATA', `There is no database in ${dir}.`, {
    code: 'NO_DATABASE',
    lines: ['It is made at the first start of the service. Is this the right data directory? (--data-dir)'],
  })
}

/** What an officer reads once a year, and whenever somebody asks. */
export async function controlsReport(ctx: Context, options: Period & { readonly html?: string }): Promise<void> {
  const period = periodOf(options)
  const reads = openBook(ctx)
  try {
    const { environment } = ctx.settings().account
    const { size } = await reads.head()
    const bar = progress(ctx.out, 'Reading the journal')
    const report = await reportOf(reads, period, environment, (rows) => bar.at(rows, size))
    bar.end()
    const { ok, sentences } = vouched(ctx)
    if (options.html !== undefined) writeHtml(options.html, reportHtml(report, sentences))
    const told = { ...report, from: rfc3339(report.from), to: rfc3339(report.to), verified: ok }
    ctx.out.answer(told, () =>
      options.html === undefined
        ? page(report, sentences)
        : `${options.html} holds the report. Open it in a browser; printed, it is A4.`,
    )
    if (!ok)
      throw new Stop('DIFFERS', 'The journal that this is counted from does not verify.', {
        lines: ['Look at it with: jax-exec audit verify'],
      })
  } finally {
    reads.close()
  }
}

function writeHtml(file: string, html: string): void {
  try {
    writeFileSync(file, html, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    throw new Stop('USAGE', `${file} cannot be written: ${(error as Error).message}.`, {
      lines: ['Name a file that is not there yet; nothing is overwritten.'],
      cause: error,
    })
  }
}

/** Whether what the report is counted from is as it was written, in sentences. */
function vouched(ctx: Context): { readonly ok: boolean; readonly sentences: readonly string[] } {
  const { database, verifierKey } = ctx.places()
  const key = readOwnFile(verifierKey)
  const verdict = verifyDatabase(database, {
    anchors: readAnchors(ctx.settings().audit.anchorsFile),
    keys: key === null ? [] : [key],
  })
  const missing = verdict.ok ? unproven(proveRows(journalBytes(database), verdict.rows, null)) : null
  return {
    ok: verdict.ok && missing === null,
    sentences: [
      verdict.ok
        ? `The journal verifies: ${verdict.rows} rows, none changed, missing, added or moved; head ${verdict.hash}.`
        : `THE JOURNAL DOES NOT VERIFY: ${verdict.firstBad?.text ?? 'it cannot be read'}.`,
      ...(verdict.ok
        ? [
            missing === null
              ? 'Each order that was sent is proven to have had the yes that it takes.'
              : `NOT PROVEN: ${missing.message}`,
          ]
        : []),
    ],
  }
}

function page({ account, from, to, sections }: Report, sentences: readonly string[]): string {
  const parts = sections.map((section) => [paint('bold', section.title), sectionText(section)].join('\n'))
  return [
    `Controls of ${account}, ${rfc3339(from).slice(0, 10)} to ${rfc3339(to).slice(0, 10)}`,
    ...sentences,
    '',
    parts.join('\n\n'),
  ].join('\n')
}

function sectionText({ note, columns, rows }: Section): string {
  const shown: readonly Column<readonly string[]>[] = columns.map((title, i) => ({
    title,
    of: (row) => harmless(row[i] ?? ''),
  }))
  return [...(note === null ? [] : [harmless(note)]), table(shown, rows, 'Nothing.')].join('\n')
}

/** What the orders of some days look like to whoever watches over markets. */
export async function surveillance(ctx: Context, options: { readonly day?: string }): Promise<void> {
  const day = dayOf(options.day === undefined ? systemClock().now() : momentOf(options.day, 'day'), ZONE)
  const reads = openBook(ctx)
  try {
    const section = await surveillanceOf(reads, { from: day.from, to: day.until })
    ctx.out.answer({ day: day.name, columns: section.columns, rows: section.rows }, () => sectionText(section))
  } finally {
    reads.close()
  }
}

/** A person says that they have read the report, and what they make of it. */
export async function controlsReviewed(ctx: Context, options: { readonly note: string }): Promise<void> {
  const review = await ctx.client('person').reviewControls(options.note)
  ctx.out.answer(
    review,
    () => `Taken down: ${harmless(review.byName)} reviewed all controls. The next review is due in a year.`,
  )
}
