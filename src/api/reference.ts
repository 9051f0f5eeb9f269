import { SCOPES } from './access.ts'
import { type JsonSchema, requestSchema } from './openapi.ts'
import { PROBLEMS } from './problem.ts'
import { isForms, problemsOf, type Route } from './route.ts'

// The reference page: plain HTML and one style sheet, because the content security policy allows nothing inline, and
// because whoever reads it may have no network.

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
/** Escaped text in which `backticks` mark code. */
const prose = (text: string): string => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>')

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const typeOf = (schema: JsonSchema): string => {
  if (Array.isArray(schema['anyOf']))
    return (schema['anyOf'] as JsonSchema[])
      .map(typeOf)
      .filter((type) => type !== 'null')
      .join(' or ')
  const { type, enum: words, format, items } = schema
  if (Array.isArray(words)) return words.map((word) => JSON.stringify(word)).join(', ')
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`
  const named = Array.isArray(type) ? type.join(' or ') : (asText(type) ?? 'any')
  return typeof format === 'string' ? `${named} (${format})` : named
}
/** What a field says about itself, also when it may be null. */
const inner = (schema: JsonSchema): JsonSchema =>
  Array.isArray(schema['anyOf']) ? { ...(schema['anyOf'] as JsonSchema[])[0], ...schema } : schema

function fields(title: string, schema: JsonSchema): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)
  if (properties.length === 0) return ''
  const required = (schema['required'] ?? []) as readonly string[]
  const rows = properties.map(([name, field]) => {
    const need = required.includes(name) ? '' : ' <em>optional</em>'
    return `<tr><th scope="row"><code>${escape(name)}</code>${need}</th><td>${escape(typeOf(field))}</td><td>${prose(asText(inner(field)['description']) ?? '')}</td></tr>`
  })
  return `<table><caption>${escape(title)}</caption><tbody>${rows.join('')}</tbody></table>`
}

function body(route: Route): string {
  if (route.body === undefined) return ''
  if (!isForms(route.body)) return fields('Body', requestSchema(route.body))
  return Object.entries(route.body.forms)
    .map(([form, schema]) => fields(`Body: ${form}`, requestSchema(schema)))
    .join('')
}

function curl(route: Route, base: string): string {
  const examples = route.examples ?? [{ title: route.summary, path: route.path.replaceAll(/:(\w+)/g, '$${$1}') }]
  return examples
    .map((example) => {
      const lines = [
        `curl -sS${route.method === 'GET' ? '' : ` -X ${route.method}`} '${base}${example.path}'`,
        ...(route.access === 'open' ? [] : [`-H "Authorization: Bearer $JAX_TOKEN"`]),
        ...('body' in example && example.body !== undefined
          ? [`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(example.body).replaceAll("'", "'\\''")}'`]
          : []),
      ]
      return `<figure><figcaption>${escape(example.title)}</figcaption><pre>${escape(lines.join(' \\\n  '))}</pre></figure>`
    })
    .join('')
}

function access(route: Route): string {
  if (route.access === 'open') return 'No credential is needed.'
  if (route.access === 'signed-in') return 'Any credential will do.'
  return `Needs ${route.access.map((scope) => `\`${scope}\``).join(' or ')}${route.access.every((scope) => SCOPES[scope][0] === 'people') ? ': for people, never for a token' : ''}.`
}

function section(route: Route, base: string): string {
  const answers = Object.entries(route.answers).map(
    ([status, { description }]) => `<li><strong>${status}</strong> ${prose(description)}</li>`,
  )
  const problems = problemsOf(route).map((code) => `<a href="#${code}">${code}</a>`)
  return `<section id="${escape(route.name)}"><h3><span class="method">${route.method}</span> <code>${escape(route.path)}</code></h3>
<p><strong>${prose(route.summary)}.</strong> ${prose(route.description ?? '')}</p><p class="access">${prose(access(route))}</p>
${route.params ? fields('Path', requestSchema(route.params)) : ''}${route.query ? fields('Query', requestSchema(route.query)) : ''}${body(route)}
<ul>${answers.join('')}</ul><p class="problems">Problems: ${problems.join(' ')}</p>${curl(route, base)}</section>`
}

/** The page at `/docs`. */
export function referencePage(
  routes: readonly Route[],
  about: { readonly version: string; readonly base: string },
): string {
  const tags = [...Map.groupBy(routes, (route) => route.tag)]
  const index = tags.map(
    ([tag, those]) =>
      `<li>${escape(tag)}<ul>${those.map((r) => `<li><a href="#${escape(r.name)}"><span class="method">${r.method}</span> ${escape(r.path)}</a></li>`).join('')}</ul></li>`,
  )
  const scopes = Object.entries(SCOPES).map(
    ([scope, [holders, meaning]]) =>
      `<tr><th scope="row"><code>${scope}</code></th><td>${holders}</td><td>${escape(meaning)}</td></tr>`,
  )
  const problems = Object.entries(PROBLEMS).map(
    ([code, [status, title, meaning]]) =>
      `<dt id="${code}"><code>${code}</code> ${status} ${escape(title)}</dt><dd>${prose(meaning)}</dd>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Jax Execution: HTTP API</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/style.css"></head>
<body><header><h1>Jax Execution: HTTP API</h1><p>Version ${escape(about.version)}. <a href="/openapi.json">OpenAPI 3.1</a> · <a href="/">Dashboard</a></p></header>
<nav aria-label="Contents"><ul>${index.join('')}<li><a href="#scopes">Scopes</a></li><li><a href="#problems">Problems</a></li></ul></nav>
<main><p>JSON in and out. Decimals are text such as <code>"187.50"</code> (a JSON number is read exactly, too); times are RFC 3339 UTC. Unknown fields are refused by name. Errors are <code>application/problem+json</code> with a stable <code>code</code> and every reason at once.
Agents send <code>Authorization: Bearer jax_…</code>. People sign in with a one-time code.</p>
${tags.map(([tag, those]) => `<h2>${escape(tag)}</h2>${those.map((r) => section(r, about.base)).join('')}`).join('')}
<h2 id="scopes">Scopes</h2><table><tbody>${scopes.join('')}</tbody></table>
<h2 id="problems">Problems</h2><dl>${problems.join('')}</dl></main></body></html>
`
}

export const REFERENCE_STYLE = `:root{color-scheme:light dark;--line:light-dark(#d5d8de,#3a3f4a);--soft:light-dark(#f4f5f7,#1d2027);--link:light-dark(#1d4ed8,#93b4ff)}
body{font:16px/1.55 system-ui,sans-serif;margin:0 auto;max-width:80rem;padding:1rem;display:grid;grid-template-columns:minmax(14rem,20rem) minmax(0,1fr);gap:0 2.5rem}
header{grid-column:1/-1}a{color:var(--link)}code,pre,.method{font-family:ui-monospace,monospace;font-size:.9em}
nav{font-size:.85rem;position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto}nav ul{list-style:none;padding-left:.75rem;margin:.25rem 0}nav a{text-decoration:none}
section{border-top:1px solid var(--line);padding:.5rem 0 1.5rem}.method{font-weight:700}
table{border-collapse:collapse;width:100%;margin:.75rem 0;font-size:.9rem}caption{text-align:left;font-weight:600;padding:.25rem 0}th,td{border-top:1px solid var(--line);text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;overflow-wrap:anywhere}
pre{background:var(--soft);padding:.75rem;overflow:auto;border-radius:.375rem}figure{margin:.75rem 0}figcaption{font-size:.85rem}.problems,.access{font-size:.85rem}
dt{margin-top:.75rem;font-weight:600}dd{margin:0}:target{outline:2px solid var(--link);outline-offset:.25rem}
@media(max-width:50rem){body{display:block}nav{position:static;max-height:none}}
`
