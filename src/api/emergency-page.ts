// The page `/emergency`: made here and whole, so that it needs no script and no bundle, and reads the same on paper.
import { characters, shown } from '../values/shown.ts'
import type { Emergency, Held, Part, Remedy, Working } from './emergency.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c)
/** Symbols, names and reasons are other people's text: it is read as it is written, and takes no more than its place. */
const esc = (text: string, max = 300): string => escape(shown(text, [characters(max)]))
/** What is pasted has to stay whole. */
const code = (text: string): string => `<code>${escape(text)}</code>`

const moment = (rfc3339: string): string => `${rfc3339.slice(0, 10)} ${rfc3339.slice(11, 19)} UTC`

/** The file is made by hand, too: what stands there need not be a time. */
const when = (text: string): string => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? moment(text) : text)

/** `4 s`, `12 min`, `3 h 05 min`, `6 days` */
export function ageInWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} days`
}

type Known = Working['known']
const OLD = '<strong class="no">OLD</strong> '
const knownIn = (known: Known | null): string =>
  known === null
    ? `${OLD}never confirmed`
    : `${known.old ? OLD : ''}${known.ageS === null ? '' : `${ageInWords(known.ageS)} ago, `}${moment(known.at)}`

type Column<Row> = readonly [title: string, of: (row: Row) => string]

function table<Row>(id: string, columns: readonly Column<Row>[], part: Part<readonly Row[]>, none: string): string {
  if (!part.ok) return unread(part.why)
  if (part.value.length === 0) return `<p>${none}</p>`
  const head = columns.map(([title]) => `<th scope="col">${title}</th>`).join('')
  const rows = part.value.map(
    (row) => `<tr>${columns.map(([title, of]) => `<td data-is="${title}"><span>${of(row)}</span></td>`).join('')}</tr>`,
  )
  // Whoever reads by keyboard must be able to scroll a table that is wider than a telephone.
  return `<div class="wide" tabindex="0" role="region" aria-labelledby="${id}"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}
const unread = (why: string): string =>
  `<p class="no"><strong>Cannot be read now</strong>: ${esc(why.replace(/\.$/, ''))}. Look at the broker’s own page, from another device.</p>`

const HELD: readonly Column<Held>[] = [
  ['symbol', (one) => `<b>${esc(one.symbol, 40)}</b>`],
  ['held', (one) => `${one.side.toLowerCase()} ${escape(one.qty)}`],
  ['to close, say', (one) => `${one.closeBy.toLowerCase()} ${escape(one.qty)} to close`],
  ['under a stop', (one) => (one.protectedQty === '0' ? '<strong class="no">none</strong>' : escape(one.protectedQty))],
  ['known', (one) => knownIn(one.known)],
]

const ROLES: ReadonlyMap<string, string> = new Map([
  ['Entry', 'opens'],
  ['Stop', '<b>PROTECTS</b> (stop)'],
  ['Target', '<b>PROTECTS</b> (target)'],
  ['Exit', 'closes'],
  ['External', 'other hands'],
])
const at = ({ ordType, price, stopPx }: Working): string =>
  [ordType.toLowerCase(), price ?? '', stopPx === null ? '' : `from ${stopPx}`].filter((word) => word !== '').join(' ')
const WORKING: readonly Column<Working>[] = [
  ['symbol', (one) => `<b>${esc(one.symbol, 40)}</b>`],
  ['order', (one) => escape(`${one.side.toLowerCase()} ${one.leavesQty} ${at(one)}`)],
  ['what it does', (one) => ROLES.get(one.role) ?? esc(one.role)],
  [
    'broker’s number, and ours',
    (one) => `${one.orderID === null ? '—' : esc(one.orderID, 60)}<br><small>${esc(one.clOrdID, 60)}</small>`,
  ],
  ['status', (one) => esc(one.ordStatus)],
  ['heard of', (one) => knownIn(one.known)],
]

/** What came of the button. */
export type Outcome =
  | { readonly done: 'halted' }
  /** The file holds it; the service did not take it down, or has not yet. */
  | { readonly done: 'by-file'; readonly why: string }
  | { readonly done: 'nothing'; readonly why: string }

function outcomeInWords(outcome: Outcome): string {
  switch (outcome.done) {
    case 'halted':
      return '<div class="said" role="status"><strong>Halted.</strong> No new order leaves. Open entries are being canceled; stops stay. Look again in a moment for the proof.</div>'
    case 'by-file':
      return `<div class="said" role="alert"><strong>Halted by the file HALT.</strong> No new order leaves. The service did not take it down (${esc(outcome.why)}): entries may still work at the broker. Cancel them at the broker from here, with the command under <a href="#now">What helps now</a>.</div>`
    case 'nothing':
      return `<div class="said" role="alert"><strong>NOT HALTED</strong> (${esc(outcome.why)}). Use the commands under <a href="#now">What helps now</a>, or the broker’s own page.</div>`
  }
}

function halted({ halts, haltFile, proven }: Emergency): string {
  const file =
    haltFile === null
      ? ''
      : `<li><strong>Everything, by the file HALT</strong>: ${esc(haltFile.reason)} (${esc(haltFile.by, 80)}${haltFile.at === null ? '' : `, ${esc(when(haltFile.at), 40)}`})</li>`
  if (!halts.ok) return `${file === '' ? '' : `<ul>${file}</ul>`}${unread(halts.why)}`
  const rows = halts.value.map(
    ({ scope, level, by, reason, since }) =>
      `<li><strong>${scope === 'global' ? 'Everything' : esc(scope, 80)} (${escape(level)})</strong>: ${esc(reason)} (${esc(by, 80)}, since ${moment(since)})</li>`,
  )
  if (rows.length === 0 && file === '') return '<p>Nothing is halted.</p>'
  return `<ul>${file}${rows.join('\n')}</ul>${proven ? '<p><strong>Proven</strong>: no entry is open, by the broker’s own word since the halt.</p>' : '<p><strong class="no">Not proven</strong> that no entry is open at the broker.</p>'}`
}

function compared({ compared: part }: Emergency): string {
  if (!part.ok) return ''
  const run = part.value
  if (run === null)
    return `<p>${OLD}Our book was never compared with the broker’s: what it holds besides is not known.</p>`
  const said = run.clean
    ? 'They agreed.'
    : `<strong class="no">They did not agree</strong>: ${esc(run.findings.join('; '), 600)}.`
  return `<p>By our own book. Last compared with the broker: ${knownIn(run)}. ${said}</p>`
}

const remedies = (of: readonly Remedy[]): string =>
  `<dl>${of.map(({ what, command }) => `<dt>${esc(what)}</dt><dd>${code(command)}</dd>`).join('\n')}</dl>`

const byHand = '<span class="blank">&nbsp;</span>'
function phoneSheet({ sheet, broker, fillIn }: Emergency): string {
  const { phone, secondPhone, hours, accountNumber, note, desk } = sheet
  const given = (value: string | null): string => (value === null ? byHand : esc(value))
  const missing = [phone, hours, accountNumber].some((value) => value === null)
  const rows: readonly (readonly [string, string])[] = [
    ['Broker', esc(broker)],
    ['Desk', given(phone)],
    ['Second number', given(secondPhone)],
    ['Hours, and time zone', given(hours)],
    ['Account, as it is said', given(accountNumber)],
    ['Identification phrase: where it is kept', byHand],
    ['What the desk will do', esc(desk)],
    ...(note === null ? [] : [['Note', esc(note)] as const]),
    ['Who may call', byHand],
  ]
  return `<table class="sheet"><tbody>${rows.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`).join('\n')}</tbody></table>
${missing ? `<p class="no">Fill in at set-up: ${esc(fillIn, 600)}</p>` : ''}
<p>Halt first. Say symbol, side and quantity, and that it is to <b>close</b>; have it read back. Write down time, name and price.</p>`
}

/** @param chapters names of the procedures that can be read here. */
export function emergencyPage(of: Emergency, chapters: readonly string[], outcome: Outcome | null): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Emergency: ${esc(of.account)}</title>
<link rel="stylesheet" href="/emergency/style.css">
</head>
<body>
<header>
<h1>Emergency</h1>
<p><b>${esc(of.account)}</b> at ${esc(of.broker)}, as known at ${moment(of.at)}</p>
</header>
<main>
${outcome === null ? '' : outcomeInWords(outcome)}
<form class="screen" method="post" action="/emergency/halt">
<button type="submit">Halt everything</button>
<p>One press, no question. No new order leaves, open entries are canceled, stops stay. Only signed-in people release it. <a href="/emergency">Look again</a></p>
</form>
<section><h2 id="halts">Halts</h2>
${halted(of)}</section>
<section><h2 id="held">Held</h2>
${compared(of)}
${table('held', HELD, of.held, 'Nothing is held.')}</section>
<section><h2 id="doubt">Orders in doubt</h2>
${table('doubt', WORKING, of.inDoubt, 'None.')}
${of.inDoubt.ok && of.inDoubt.value.length > 0 ? '<p>Nobody knows whether the broker has them. Never order again; look for their names on the broker’s own page.</p>' : ''}</section>
<section><h2 id="working">Working orders</h2>
${table('working', WORKING, of.working, 'None.')}</section>
<section><h2 id="phone">Broker’s phone desk</h2>
${phoneSheet(of)}</section>
<section><h2 id="now">What helps now</h2>
${remedies(of.now)}</section>
<section><h2 id="close">To close what is held</h2>
${remedies(of.close)}</section>
<section><h2 id="after">After a trade by telephone</h2>
<p>It comes to us as a trade of other hands (<i>external</i>), and freezes its symbol until a person explains it. Compare at once, then take the broker’s count.</p>
${remedies(of.after)}</section>
</main>
<footer>
<p>Step by step: ${chapters.map((name) => `<a href="/emergency/${name.toLowerCase()}">${escape(name)}</a>`).join(', ')}${chapters.length > 0 ? ', in ' : ''}${code(of.manual)}</p>
</footer>
</body>
</html>
`
}

export const EMERGENCY_STYLE = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; color: #16181d; background: #fff; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .3rem; border-bottom: 2px solid #16181d; }
p, ul { margin: .3rem 0 .5rem; }
ul { padding-left: 1.2rem; }
a { color: #0b4bb3; }
:focus-visible { outline: 3px solid #0b4bb3; outline-offset: 2px; }
.no { color: #a01414; }
.said { border: 2px solid #16181d; border-left-width: 10px; padding: .6rem .8rem; margin: .8rem 0; }
form { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin: .8rem 0; }
form p { flex: 1 1 16rem; margin: 0; }
button { font: inherit; font-weight: 700; font-size: 1.15rem; color: #fff; background: #a01414; border: 0; border-radius: 6px; padding: .8rem 1.4rem; cursor: pointer; }
button:hover { background: #7d0e0e; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #d0d4dc; overflow-wrap: anywhere; }
th { color: #434a57; font-weight: 600; overflow-wrap: normal; }
thead th { white-space: nowrap; }
small { font-size: .85em; }
.sheet th { width: 38%; }
.blank { display: inline-block; width: 100%; min-width: 8rem; border-bottom: 1px dotted #16181d; }
dl { margin: .3rem 0; }
dt { margin-top: .35rem; }
dd { margin: 0; }
code { font: .9em/1.4 ui-monospace, monospace; background: #f1f3f6; padding: .05rem .3rem; overflow-wrap: anywhere; }
footer { margin-top: 1.4rem; border-top: 1px solid #d0d4dc; }
@media screen and (max-width: 40rem) {
  /* Each row as a list of its own: nothing that matters, such as its age, lies beyond the edge. */
  .wide thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .wide tr { display: block; border-bottom: 2px solid #d0d4dc; padding: .3rem 0; }
  .wide td { display: flex; gap: .6rem; border: 0; padding: .05rem 0; }
  .wide td::before { content: attr(data-is); flex: 0 0 7.5rem; color: #434a57; }
}
@page { size: A4; margin: 8mm; }
@media print {
  body { font-size: 8pt; line-height: 1.25; max-width: none; padding: 0; }
  .screen { display: none; }
  h1 { font-size: 14pt; display: inline; }
  header p { display: inline; margin-left: .5rem; }
  h2 { font-size: 9.5pt; margin: .4rem 0 .1rem; border-bottom-width: 1px; break-after: avoid; }
  p, ul, dl { margin: .1rem 0; }
  dl { display: grid; grid-template-columns: 14rem 1fr; column-gap: .6rem; }
  dt { margin: 0; }
  tr, dt, dd { break-inside: avoid; }
  th, td { padding: .08rem .5rem .08rem 0; }
  .wide { overflow: visible; }
  .wide table { font-size: 7pt; line-height: 1.2; }
  .wide td:nth-child(4):nth-last-child(3) { width: 30%; }
  .sheet td { height: 1.45em; }
  code { background: none; padding: 0; font-size: 7.5pt; line-height: 1.2; }
  footer { margin-top: .4rem; }
  a { color: inherit; text-decoration: none; }
}
`
