import type { ProviderPerson } from './provider.ts'

export const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1c1e21,#e6e6e6);--dim:light-dark(#5f6368,#a3a3a3);--line:light-dark(#d9dce0,#3a3d42);--page:light-dark(#f4f5f7,#14161a);--card:light-dark(#fff,#1d2025)}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
main{max-width:26rem;margin:12vh auto;padding:1.5rem;background:var(--card);border:1px solid var(--line);border-radius:12px;display:grid;gap:1rem}
h1{margin:0;font-size:1.25rem}p{margin:0;color:var(--dim)}.who{display:grid;gap:.5rem}
a{display:block;padding:.6rem .9rem;border:1px solid var(--line);border-radius:8px;color:inherit;text-decoration:none;overflow-wrap:anywhere}
a:hover{border-color:currentColor}a.no{border-style:dashed;color:var(--dim)}:focus-visible{outline:3px solid light-dark(#1264a3,#6db3ee);outline-offset:2px}`

/** Where somebody says who they are. No password: everybody here is made up. */
export function chooserOf(
  people: readonly ProviderPerson[],
  app: string,
  choice: (sub: string | null) => string,
): string {
  const who = people
    .map(
      ({ sub, name, username }) =>
        `<a href="${text(choice(sub))}"><strong>${text(name)}</strong> ${text(username)}</a>`,
    )
    .join('\n')
  return documentOf(
    'Who are you?',
    `<h1>Who are you?</h1><p>${text(app)} asks the provider simulator. Nobody here is real.</p><nav class="who" aria-label="People">${who}
<a class="no" href="${text(choice(null))}">Nobody: go back</a></nav>`,
  )
}

export const noticeOf = (title: string, words: string): string =>
  documentOf(title, `<h1>${text(title)}</h1><p>${text(words)}</p>`)

const documentOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${text(title)}</title><link rel="stylesheet" href="/style.css"></head><body><main>${body}</main></body></html>`

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const text = (raw: string): string => raw.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)
