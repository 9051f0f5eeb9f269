import { buttonsIn } from './clicks.ts'
import type { Block, SlackMessage, SlackUser, SlackView, Workspace } from './workspace.ts'

type Shown = {
  readonly workspace: Workspace
  readonly user: SlackUser
  readonly errors: (viewID: string) => Readonly<Record<string, unknown>> | null
  readonly linked: string
}

export const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1d1c1d,#e6e6e6);--dim:light-dark(#616061,#a3a3a3);--line:light-dark(#dddcdd,#3a3d42);--page:light-dark(#f8f8f8,#14161a);--card:light-dark(#fff,#1d2025);--go:light-dark(#007a5a,#2aa37c);--no:light-dark(#c01343,#ef5f84);--side:#3f0e40}
*{box-sizing:border-box}body{margin:0;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--page)}
.frame{display:grid;grid-template-rows:auto 1fr auto;height:100vh}header.top{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;background:var(--side);color:#fff;padding:.6rem 1rem}
header.top strong{font-size:1.05rem}header.top nav{display:flex;flex-wrap:wrap;gap:.35rem;align-items:center}header.top a{color:#fff;text-decoration:none;border:1px solid #ffffff66;border-radius:99px;padding:.15rem .7rem}
header.top a[aria-current]{background:#fff;color:var(--side);border-color:#fff}.say{display:flex;gap:.5rem;padding:.75rem 1rem;border-top:1px solid var(--line);background:var(--card)}
iframe{border:0;width:100%;height:100%}main{max-width:46rem;margin:0 auto;padding:1rem;display:grid;gap:1rem;align-content:start}.card,.window{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;overflow-wrap:anywhere}
.window{max-width:30rem;margin:3rem auto;display:grid;gap:.75rem}.card h2,.window h2{margin:0 0 .5rem;font-size:1.1rem}.card p{margin:.4rem 0;white-space:pre-wrap}.fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.25rem 1rem;margin:.5rem 0}
.foot,.when,.empty{color:var(--dim);font-size:.87rem}.row{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.75rem}.row form{display:contents}
button,.button{font:inherit;font-weight:600;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.35rem .9rem;cursor:pointer;text-decoration:none;display:inline-block}
.primary{background:var(--go);border-color:var(--go);color:light-dark(#fff,#08130f)}.danger{color:var(--no);border-color:var(--no)}input,textarea{font:inherit;color:inherit;background:var(--page);border:1px solid var(--line);border-radius:6px;padding:.4rem .6rem;width:100%}
.whisper{border-left:4px solid var(--line);padding-left:.75rem;white-space:pre-wrap}.error{color:var(--no)}:focus-visible{outline:3px solid light-dark(#1264a3,#6db3ee);outline-offset:2px}`

/** The whole page: who clicks, the window that is open for them, the channel, and a line for commands. */
export function pageOf({ errors, linked, user, workspace }: Shown): string {
  const view = [...workspace.views.values()].filter((each) => each.user === user.id).at(-1)
  const who = [...workspace.users.values()]
    .map(
      (each) =>
        `<a href="/?as=${text(each.id)}"${each.id === user.id ? ' aria-current="true"' : ''}>${text(each.name)}</a>`,
    )
    .join('')
  return documentOf(
    'Slack simulator',
    `<div class="frame"><header class="top"><strong># paper</strong><span>Slack simulator · ${text(linked)}</span><nav aria-label="Who clicks">You are ${who}</nav></header>
${view ? windowOf(view, errors(view.id) ?? {}) : `<iframe src="/feed?as=${text(user.id)}" title="Messages of the channel"></iframe>`}
<form class="say" method="post" action="/ui/command"><input type="hidden" name="as" value="${text(user.id)}"><input name="text" aria-label="Slash command" placeholder="/jax status · /jax link CODE · /jax halt REASON" autocomplete="off" required><button>Send</button></form></div>`,
    false,
  )
}

/** The channel alone, which loads itself again every two seconds. */
export function feedOf({ user, workspace }: Pick<Shown, 'user' | 'workspace'>): string {
  const cards = workspace
    .messages()
    .map((message) => cardOf(message, user))
    .toReversed()
    .join('\n')
  const whispers = workspace.whispers
    .filter((each) => each.user === user.id)
    .slice(-5)
    .map(
      (each) =>
        `<div class="whisper"><span class="when">Only visible to you</span>\n${text(unescaped(each.text))}</div>`,
    )
    .toReversed()
    .join('\n')
  return documentOf(
    'Messages',
    `<main>${whispers}${cards || '<p class="empty">Nothing was posted here yet. Orders that wait for a yes appear by themselves.</p>'}</main>`,
    true,
  )
}

/** What Slack asks before a button that wants it counts. */
export function confirmOf(user: SlackUser, message: SlackMessage, button: Block): string {
  const confirm = (button['confirm'] ?? {}) as Block
  return documentOf(
    'Are you sure?',
    `<main><section class="window"><h2>${said(confirm['title']) || 'Are you sure?'}</h2><p>${said(confirm['text'])}</p><div class="row">${pressForm(user, message, button, `<button class="primary">${said(confirm['confirm']) || 'Yes'}</button>`)}<a class="button" href="/?as=${text(user.id)}">${said(confirm['deny']) || 'No'}</a></div></section></main>`,
    false,
  )
}

function cardOf(message: SlackMessage, user: SlackUser): string {
  const when = new Date(Number(message.ts.split('.')[0]) * 1000).toISOString().replace('.000Z', 'Z')
  const body =
    message.blocks.length > 0
      ? message.blocks.map((block) => blockOf(block, message, user)).join('')
      : `<p>${text(unescaped(message.text))}</p>`
  return `<article class="card"><div class="when">jax · app · ${when}${message.edits > 0 ? ' · edited' : ''}</div>${body}</article>`
}

function blockOf(block: Block, message: SlackMessage, user: SlackUser): string {
  switch (block['type']) {
    case 'header':
      return `<h2>${said(block['text'])}</h2>`
    case 'section':
      return (
        (block['text'] === undefined ? '' : `<p>${said(block['text'])}</p>`) +
        (Array.isArray(block['fields'])
          ? `<div class="fields">${block['fields'].map((field) => `<span>${said(field)}</span>`).join('')}</div>`
          : '')
      )
    case 'context':
      return `<div class="foot">${(block['elements'] as unknown[]).map(said).join(' ')}</div>`
    case 'divider':
      return '<hr>'
    default:
      return `<div class="row">${buttonsIn(block)
        .map((button) => buttonOf(button, message, user))
        .join('')}</div>`
  }
}

function buttonOf(button: Block, message: SlackMessage, user: SlackUser): string {
  const label = said(button['text'])
  const style =
    button['style'] === 'primary' || button['style'] === 'danger'
      ? ` class="button ${button['style']}"`
      : ' class="button"'
  const { url } = button
  if (typeof url === 'string')
    return `<a${style} href="${text(/^https?:\/\//i.test(url) ? url : '#')}" target="_blank" rel="noreferrer noopener">${label}</a>`
  const query = new URLSearchParams({ as: user.id, ts: message.ts, action: String(button['action_id']) }).toString()
  if (button['confirm'] !== undefined) return `<a${style} href="/confirm?${text(query)}" target="_top">${label}</a>`
  return pressForm(user, message, button, `<button${style}>${label}</button>`)
}

const pressForm = (user: SlackUser, message: SlackMessage, button: Block, inside: string): string =>
  `<form method="post" action="/ui/click" target="_top"><input type="hidden" name="as" value="${text(user.id)}"><input type="hidden" name="ts" value="${text(message.ts)}"><input type="hidden" name="action" value="${text(String(button['action_id']))}">${inside}</form>`

function windowOf({ id, user, view }: SlackView, errors: Readonly<Record<string, unknown>>): string {
  const inputs = (view['blocks'] as Block[])
    .filter((block) => block['type'] === 'input')
    .map((block) => {
      const element = block['element'] as Block
      const name = `${String(block['block_id'])} ${String(element['action_id'])}`
      const wrong = errors[String(block['block_id'])]
      return `<label>${said(block['label'])}<textarea name="${text(name)}" rows="4" maxlength="${Number(element['max_length'] ?? 3000)}"></textarea></label>${typeof wrong === 'string' ? `<p class="error">${text(wrong)}</p>` : ''}`
    })
    .join('')
  const hidden = `<input type="hidden" name="as" value="${text(user)}"><input type="hidden" name="view" value="${text(id)}">`
  return `<main><form class="window" method="post" action="/ui/submit"><h2>${said(view['title'])}</h2>${hidden}${inputs}<div class="row"><button class="primary">${said(view['submit'])}</button><button name="close" value="1" formnovalidate>${said(view['close']) || 'Close'}</button></div></form></main>`
}

const documentOf = (title: string, body: string, again: boolean): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${again ? '<meta http-equiv="refresh" content="2">' : ''}<title>${title}</title><link rel="stylesheet" href="/style.css"></head><body>${body}</body></html>`

/** A text object of Block Kit. Markup is shown as it was written: what is read here is what was sent. */
function said(element: unknown): string {
  const { text: words, type } = (element ?? {}) as { readonly text?: unknown; readonly type?: unknown }
  if (typeof words !== 'string') return ''
  return text(type === 'mrkdwn' ? unescaped(words) : words)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const text = (raw: string): string => raw.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
const unescaped = (raw: string): string => raw.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
