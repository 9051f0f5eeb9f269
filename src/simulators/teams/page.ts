import { type Instant, rfc3339 } from '../../values/instant.ts'
import { type Action, type Card, type Element, textOf } from './card.ts'
import { html, render } from './markdown.ts'

type Person = { readonly name: string }
type Message = {
  readonly id: string
  readonly conversation: string
  readonly from: string | null
  readonly at: Instant
  readonly text: string | null
  readonly card: Card | null
  readonly edits: number
}
export type View = {
  readonly who: Person
  readonly people: readonly Person[]
  readonly messages: readonly Message[]
  /** What the last click came to, in words; empty when there is nothing to say. */
  readonly notice: string
  /** The chat of this person with the bot; every other conversation is the channel. */
  readonly chat: string
  readonly botUrl: string | null
}

/** The conversation as one person sees it. Works without scripts; every text in it is hostile. */
export function pageOf({ who, people, messages, notice, chat, botUrl }: View): string {
  const channel = messages.filter(({ conversation }) => conversation !== chat)
  const own = messages.filter(({ conversation }) => conversation === chat)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Teams simulator</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Teams simulator</h1>
<p>A stand-in on this machine: nothing here reaches Microsoft. ${
    botUrl === null
      ? 'It does not know yet where the gateway listens.'
      : `The gateway listens on <code>${html(botUrl)}</code>.`
  }</p>
<form method="get" action="/" class="who">
<fieldset><legend>You are</legend>
${people
  .map(
    ({ name }) =>
      `<button name="as" value="${html(name)}"${name === who.name ? ' aria-current="true"' : ''}>${html(name)}</button>`,
  )
  .join('\n')}
</fieldset>
</form>
</header>
<main>
${notice === '' ? '' : `<p role="status" class="notice">${html(notice)}</p>`}
<section aria-labelledby="channel">
<h2 id="channel">Channel: Approvals</h2>
${channel.length === 0 ? empty(who) : channel.map((message) => messageOf(message, who)).join('\n')}
${sayIn('channel', who, 'Write in the channel; the bot is mentioned for you')}
</section>
<section aria-labelledby="chat">
<h2 id="chat">${html(who.name)} and the bot</h2>
${own.map((message) => messageOf(message, who)).join('\n')}
${sayIn('chat', who, 'link CODE, status, halt REASON or help')}
</section>
</main>
</body>
</html>
`
}

const empty = (
  who: Person,
): string => `<div class="empty"><p>No card stands here yet. They come when an order waits.</p>
<form method="post" action="/install">${hidden('as', who.name)}<button>Install the app in this channel</button></form></div>`

const sayIn = (where: 'chat' | 'channel', who: Person, hint: string): string =>
  `<form method="post" action="/say" class="say">${hidden('as', who.name)}${hidden('where', where)}
<label>Message<input name="text" required maxlength="2000" autocomplete="off" placeholder="${html(hint)}"></label><button>Send</button></form>`

function messageOf(message: Message, who: Person): string {
  const time = rfc3339(message.at).slice(11, 19)
  const changed = message.edits === 0 ? '' : ` · changed ${message.edits}×`
  return `<article class="${message.from === null ? 'bot' : 'person'}" id="m${html(message.id)}">
<p class="from"><strong>${html(message.from ?? 'Jax Execution')}</strong> ${time} UTC${changed}</p>
${message.text === null ? '' : `<p class="text">${html(message.text)}</p>`}
${message.card === null ? '' : cardOf(message.card, message.id, who)}
</article>`
}

/** The first button is what Enter in the reason would press: it must not be Approve. */
function cardOf(card: Card, id: string, who: Person): string {
  return `<form method="post" action="/click" class="card">${hidden('as', who.name)}${hidden('message', id)}
<button disabled hidden></button>
${card.body.map((element) => elementOf(element, id)).join('\n')}
<div class="actions">
${card.actions.map(actionOf).join('\n')}
${card.refresh ? actionOf(card.refresh.action) : ''}
</div>
</form>`
}

function elementOf(element: Element, id: string): string {
  switch (element.type) {
    case 'TextBlock': {
      const classes = ['block', element['size'], element['weight'], element['color'], element['isSubtle'] && 'Subtle']
      return `<div class="${html(classes.filter(Boolean).join(' '))}">${render(textOf(element['text']))}</div>`
    }
    case 'FactSet': {
      const facts = element['facts'] as readonly { readonly title: string; readonly value: string }[]
      return `<dl>${facts.map(({ title, value }) => `<dt>${render(title)}</dt><dd>${render(value)}</dd>`).join('')}</dl>`
    }
    default: {
      const name = html(textOf(element['id']))
      return `<label>${html(textOf(element['label']))}<input name="${name}" id="${name}-${html(id)}" maxlength="${Number(element['maxLength'] ?? 500)}" placeholder="${html(textOf(element['placeholder']))}" autocomplete="off"></label>`
    }
  }
}

function actionOf(action: Action): string {
  const title = html(action.title)
  if (action.type === 'Action.OpenUrl')
    return `<a class="button" href="${html(action.url ?? '')}" target="_blank" rel="noopener noreferrer">${title}</a>`
  return `<button name="verb" value="${html(action.verb ?? '')}" class="${html(action.style ?? 'default')}">${title}</button>`
}

const hidden = (name: string, value: string): string => `<input type="hidden" name="${name}" value="${html(value)}">`

const STYLE = `
:root{color-scheme:light dark;--ground:#f5f5f5;--surface:#fff;--line:#d1d1d1;--ink:#1f1f1f;--soft:#575757;--accent:#4f52b2;--accent-ink:#fff;--good:#0b6a0b;--bad:#b10e1c;--warn:#7a4a00;--wash:#eef0fb}
@media (prefers-color-scheme:dark){:root{--ground:#161616;--surface:#242424;--line:#4a4a4a;--ink:#f2f2f2;--soft:#b8b8b8;--accent:#a9b0ff;--accent-ink:#14163a;--good:#7fd67f;--bad:#ff9aa2;--warn:#f3c173;--wash:#2a2c44}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:46rem;margin:0 auto;padding:1rem}main{padding-top:0}
h1{font-size:1.3rem;margin:0}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
header p{margin:.25rem 0 .75rem;color:var(--soft)}code{overflow-wrap:anywhere}
fieldset{border:0;padding:0;margin:0;display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}legend{float:left;padding:0;margin-right:.5rem}
button,.button{font:inherit;color:var(--ink);background:var(--surface);border:1px solid var(--line);border-radius:6px;padding:.4rem .9rem;min-height:2.4rem;cursor:pointer;text-decoration:none;display:inline-flex;align-items:center}
button:hover,.button:hover{border-color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
button[aria-current],button.positive{background:var(--accent);border-color:var(--accent);color:var(--accent-ink)}
button.destructive{border-color:var(--bad);color:var(--bad)}
article{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:.75rem 1rem;margin:.75rem 0;overflow-wrap:anywhere}
article.person{background:var(--wash)}
.from{margin:0 0 .25rem;color:var(--soft);font-size:.85rem}.text{margin:0;white-space:pre-line}
.card{border-top:1px solid var(--line);padding-top:.5rem}
.block{margin:.4rem 0}.Large{font-size:1.2rem}.Bolder{font-weight:650}.Subtle{color:var(--soft)}.Good{color:var(--good)}.Attention{color:var(--bad)}.Warning{color:var(--warn)}
.block *{margin:0}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.15rem 1rem;margin:.5rem 0}dt{font-weight:600}dd{margin:0}
label{display:block;font-size:.85rem;color:var(--soft)}
input{font:inherit;width:100%;padding:.4rem .6rem;min-height:2.4rem;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:6px}
.actions{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.75rem}
.say{display:flex;gap:.5rem;align-items:end}.say label{flex:1}
.notice{background:var(--surface);border:1px solid var(--warn);border-left-width:4px;border-radius:6px;padding:.6rem .9rem}
.empty{color:var(--soft)}
`
