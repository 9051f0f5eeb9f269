import { existsSync } from 'node:fs'
import { type Emergency, gather, type Held, type Part, type Remedy, type Working } from '../../api/emergency.ts'
import { ageInWords } from '../../api/emergency-page.ts'
import { openReads } from '../../store/sqlite.ts'
import { fromMs } from '../../values/instant.ts'
import { hasOwnClock } from '../config.ts'
import type { Context } from '../context.ts'
import { byFileIn, placeOf } from '../emergency.ts'
import { harmless, paint, pairs, table, when } from '../print.ts'

/** What the page `/emergency` shows, read from the database itself: it takes no service, no browser and no sign-in. */
export async function emergency(ctx: Context): Promise<void> {
  const { settings, file } = ctx.loaded()
  const opened = open(ctx.places().database)
  const at = fromMs(Date.now())
  // A market with a clock of its own tells no age to whoever comes from outside.
  const watch = { at, now: hasOwnClock(settings) ? null : at, speed: 1 }
  try {
    const of = await gather(placeOf(settings, file), opened, byFileIn(settings), watch)
    ctx.out.answer(of, () => words(of))
  } finally {
    if (!('why' in opened)) opened.close()
  }
}

function open(database: string): ReturnType<typeof openReads> | { readonly why: string } {
  if (!existsSync(database)) return { why: `there is no database ${database}; was another data directory meant?` }
  try {
    return openReads(database)
  } catch (fault) {
    return { why: (fault as Error).message }
  }
}

type Known = Working['known']
const known = (of: Known | null): string =>
  of === null
    ? 'OLD: never confirmed'
    : `${of.old ? 'OLD: ' : ''}${of.ageS === null ? '' : `${ageInWords(of.ageS)} ago, `}${when(of.at)}`

const HELD_COLUMNS = [
  { title: 'symbol', of: (one: Held) => one.symbol },
  { title: 'held', of: (one: Held) => `${one.side.toLowerCase()} ${one.qty}` },
  { title: 'to close, say', of: (one: Held) => `${one.closeBy.toLowerCase()} ${one.qty} to close` },
  { title: 'under a stop', of: (one: Held) => (one.protectedQty === '0' ? 'NONE' : one.protectedQty) },
  { title: 'known', of: (one: Held) => known(one.known) },
] as const
const WORKING_COLUMNS = [
  { title: 'symbol', of: (one: Working) => one.symbol },
  { title: 'side', of: (one: Working) => one.side },
  { title: 'left', of: (one: Working) => one.leavesQty, right: true },
  { title: 'type', of: (one: Working) => one.ordType },
  { title: 'price', of: (one: Working) => one.price ?? one.stopPx ?? '', right: true },
  { title: 'what it does', of: (one: Working) => (one.protects ? `PROTECTS (${one.role})` : one.role) },
  { title: 'broker’s number', of: (one: Working) => one.orderID ?? '—' },
  { title: 'ours', of: (one: Working) => one.clOrdID },
  { title: 'status', of: (one: Working) => one.ordStatus },
  { title: 'heard of', of: (one: Working) => known(one.known) },
] as const

const unread = (why: string): string =>
  paint('red', `Cannot be read now: ${harmless(why)}. Look at the broker’s own page, from another device.`)
const part = <T>(of: Part<T>, shown: (value: T) => string): string => (of.ok ? shown(of.value) : unread(of.why))
const remedies = (of: readonly Remedy[]): string =>
  of.map(({ what, command }) => `${paint('dim', `${what}:`)}\n  ${command}`).join('\n')
const title = (text: string): string => `\n${paint('bold', text)}`

function words(of: Emergency): string {
  const { sheet, haltFile } = of
  const halts = [
    ...(haltFile === null
      ? []
      : [paint('red', harmless(`Everything is halted by the file HALT (${haltFile.by}): ${haltFile.reason}`))]),
    part(of.halts, (halts) => {
      if (halts.length > 0)
        return [
          ...halts.map(({ scope, level, by, since, reason }) =>
            paint('red', harmless(`${scope} ${level} by ${by} since ${when(since)}: ${reason}`)),
          ),
          of.proven ? 'Proven: no entry is open at the broker.' : 'NOT PROVEN that no entry is open at the broker.',
        ].join('\n')
      return haltFile === null ? 'Nothing is halted.' : 'The database does not know of the file yet. NOT PROVEN.'
    }),
  ]
  const compared = part(of.compared, (run) => {
    if (run === null) return 'OLD: our book was never compared with the broker’s.'
    const said = run.clean ? 'they agreed' : `THEY DID NOT AGREE: ${run.findings.join('; ')}`
    return harmless(`Last compared with the broker: ${known(run)}; ${said}.`)
  })
  const blank = '__________________'
  const missing = [sheet.phone, sheet.hours, sheet.accountNumber].includes(null)
  return [
    `${paint('bold', `EMERGENCY: ${of.account}`)} at ${of.broker}, ${when(of.at)}`,
    title('Halts'),
    ...halts,
    title('Held'),
    compared,
    part(of.held, (rows) => table(HELD_COLUMNS, rows, 'Nothing is held.')),
    title('Orders in doubt'),
    part(of.inDoubt, (rows) => table(WORKING_COLUMNS, rows, 'None.')),
    title('Working orders'),
    part(of.working, (rows) => table(WORKING_COLUMNS, rows, 'None.')),
    title('Broker’s phone desk'),
    pairs([
      ['desk', sheet.phone ?? blank],
      ['second number', sheet.secondPhone ?? blank],
      ['hours', sheet.hours ?? blank],
      ['account, as it is said', sheet.accountNumber ?? blank],
      ['identification phrase is kept', blank],
      ['what the desk will do', sheet.desk],
      ...(sheet.note === null ? [] : [['note', sheet.note] as const]),
    ]),
    ...(missing ? [paint('red', harmless(`Fill in at set-up: ${of.fillIn}`))] : []),
    title('What helps now'),
    remedies(of.now),
    title('To close what is held'),
    remedies(of.close),
    title('After a trade by telephone'),
    'It comes as a trade of other hands (external), and freezes its symbol until a person explains it.',
    remedies(of.after),
    `\nStep by step: ${of.manual}, chapters E1, E2, E3`,
  ].join('\n')
}
