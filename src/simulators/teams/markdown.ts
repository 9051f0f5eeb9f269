/**
 * The Markdown that the desktop client reads in a card's texts, as HTML: enough of CommonMark to show what a hostile text
 * would have become. Everything that is not markup is escaped.
 */
export function render(source: string): string {
  return source
    .split(/\r\n?|\n/)
    .map(line)
    .join('<br>')
}

function line(source: string): string {
  const block = /^ {0,3}(?:(#{1,6}) +|([-+*]) +|(\d{1,9})[.)] +|(>) ?)(.*)$/s.exec(source)
  if (!block) return /^ {0,3}([-_*])(?: *\1){2,} *$/.test(source) ? '<hr>' : inline(source)
  const [, heading, bullet, number, , rest = ''] = block
  if (heading !== undefined) return `<h${heading.length}>${inline(rest)}</h${heading.length}>`
  if (bullet !== undefined || number !== undefined) return `<ul><li>${inline(rest)}</li></ul>`
  return `<blockquote>${inline(rest)}</blockquote>`
}

/** Each begins where it stands, first come first served. */
const INLINE: readonly (readonly [RegExp, (m: readonly string[]) => string])[] = [
  [/\\([!-/:-@[-`{-~])/y, ([, escaped = '']) => html(escaped)],
  [/(`+)(.+?)\1/sy, ([, , code = '']) => `<code>${html(code)}</code>`],
  [
    /!?\[((?:\\.|[^\]\\])*)\]\(((?:\\.|[^)\\])*)\)/sy,
    ([, text = '', url = '']) => `<a href="${html(url)}">${inline(text)}</a>`,
  ],
  [/<((?:https?|mailto):[^<>\s]*)>/iy, ([, url = '']) => `<a href="${html(url)}">${html(url)}</a>`],
  [/(\*\*|__)(?=\S)(.+?)\1/sy, ([, , text = '']) => `<strong>${inline(text)}</strong>`],
  [/(\*|_)(?=\S)(.+?)\1/sy, ([, , text = '']) => `<em>${inline(text)}</em>`],
  [/~~(.+?)~~/sy, ([, text = '']) => `<s>${inline(text)}</s>`],
  [/\{\{(?:DATE|TIME)\(([^)]*)\)\}\}/y, ([, at = '']) => `<time>${html(at)}</time>`],
  [
    /&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/iy,
    ([, hex, decimal]) => html(character(hex ? Number.parseInt(hex, 16) : Number(decimal))),
  ],
  [/&(amp|lt|gt|quot|nbsp|zwj|zwnj|rlm|lrm|NewLine|Tab);/y, ([, name = '']) => html(NAMED[name] ?? '')],
]
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: '\u00a0',
  zwj: '\u200d',
  zwnj: '\u200c',
  rlm: '\u200f',
  lrm: '\u200e',
  NewLine: '\n',
  Tab: '\t',
}

function inline(source: string): string {
  let out = ''
  for (let at = 0; at < source.length; ) {
    const found = INLINE.map(([pattern, write]) => {
      pattern.lastIndex = at
      const match = pattern.exec(source)
      return match && { length: match[0].length, write: () => write(match) }
    }).find((each) => each !== null)
    out += found ? found.write() : html(source.charAt(at))
    at += found ? found.length : 1
  }
  return out
}

const character = (code: number): string => (code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd')

export const html = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
