/** Texts that somebody may send to make a card say something else. */
export const NASTY: readonly string[] = [
  '<!channel>',
  '<!here> <@U0ANA> <#C0PAPER>',
  '<https://evil.example/|Approve>',
  '&lt;!channel&gt;',
  'BUY 10 AAPL\nLimit: 1.00\r\nApproved by Ana',
  'A\u2028B\u2029C\u0085D\u000bE',
  '\u202egnihton YUB\u202c',
  '\u2066BUY\u2069 \u200fSELL\u200e \u061c',
  'zero\u200bwidth\u200c\u200d\ufeff\u2060join',
  'tags\u{e0041}\u{e0042}\u{e007f}',
  'fill\u3164er \u115f\u1160\uffa0 \u2800',
  '\u0000\u0007\u001b[31mred\u001b[0m\u009b',
  'half \ud800 of a pair \udc00',
  `z${'\u0335'.repeat(500)}algo`,
  '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(300),
  ':tada: *bold* _it_ ~no~ `code` ```block```',
  '&'.repeat(4000),
  'x'.repeat(10_000),
  '   ',
  '',
]
export const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0\u2800]/u
