import type { Report, Section } from '../desk/reviewing.ts'
import { rfc3339 } from '../values/instant.ts'
import { visible } from '../values/shown.ts'

// The report as one page that stands by itself: no script, nothing from elsewhere, and a print of it is A4.

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Whatever an agent or a person wrote is text here, and reads as it is written. */
const esc = (text: string): string => visible(text).replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c)
const lines = (text: string): string => text.split('\n').map(esc).join('<br>')

const STYLE = `
  :root { color-scheme: light; }
  body { font: 14px/1.5 system-ui, sans-serif; color: #16181d; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
  h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; border-bottom: 2px solid #16181d; padding-bottom: .15rem; }
  p { margin: .25rem 0 .5rem; }
  .soft { color: #4a5160; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #d7dbe2; overflow-wrap: anywhere; }
  th { color: #4a5160; font-weight: 600; white-space: nowrap; overflow-wrap: normal; }
  td.no { color: #a01414; font-weight: 700; }
  nav ul { columns: 3; padding-left: 1.2rem; }
  @page { size: A4; margin: 14mm; }
  @media print {
    body { margin: 0; max-width: none; padding: 0; font-size: 9pt; }
    nav { display: none; }
    h2 { break-after: avoid; }
    tr { break-inside: avoid; }
    thead { display: table-header-group; }
    .wide { overflow: visible; }
  }
`

function table({ id, columns, rows }: Section): string {
  if (rows.length === 0) return '<p class="soft">Nothing.</p>'
  const head = columns.map((name) => `<th scope="col">${esc(name)}</th>`).join('')
  const body = rows
    .map(
      (cells) =>
        `<tr>${cells.map((cell) => `<td${cell === 'NO' ? ' class="no"' : ''}>${esc(cell)}</td>`).join('')}</tr>`,
    )
    .join('\n')
  // Whoever reads by keyboard must be able to scroll a table that is wider than the page.
  return `<div class="wide" tabindex="0" role="region" aria-labelledby="${id}">
<table><thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`
}

const part = (section: Section): string => `<section>
<h2 id="${section.id}">${esc(section.title)}</h2>
${section.note === null ? '' : `<p class="soft">${lines(section.note)}</p>`}
${table(section)}
</section>`

/** @param vouched what the verification of the journal said, as sentences. */
export function reportHtml({ account, from, to, sections }: Report, vouched: readonly string[]): string {
  const day = (at: Report['from']): string => rfc3339(at).slice(0, 10)
  const title = `Controls of ${account}, ${day(from)} to ${day(to)}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${esc(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${esc(title)}</h1>
<p class="soft">What was in force, what it stopped, who changed it, and who may. Counted from the journal; times are UTC.</p>
${vouched.map((sentence) => `<p>${esc(sentence)}</p>`).join('\n')}
<nav aria-label="Sections"><ul>
${sections.map(({ id, title: name }) => `<li><a href="#${id}">${esc(name)}</a></li>`).join('\n')}
</ul></nav>
${sections.map(part).join('\n')}
</main>
</body>
</html>
`
}
