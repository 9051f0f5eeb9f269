/**
 * Makes test/fixtures/alpaca-openapi-facts.json out of Alpaca's published specification of its trading API:
 *   node scripts/alpaca-facts.ts <trading-api.json>
 * What it keeps are facts (paths, parameters, types, enumerations, what is required); what it leaves out are sentences.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './bootstrap.mjs'

/** Methods that the order path needs, by path. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  '/v2/account': ['get'],
  '/v2/account/configurations': ['get', 'patch'],
  '/v2/account/activities': ['get'],
  '/v2/account/activities/{activity_type}': ['get'],
  '/v2/assets': ['get'],
  '/v2/assets/{symbol_or_asset_id}': ['get'],
  '/v2/orders': ['get', 'post', 'delete'],
  '/v2/orders/{order_id}': ['get', 'patch', 'delete'],
  '/v2/orders:by_client_order_id': ['get'],
  '/v2/positions': ['get', 'delete'],
  '/v2/positions/{symbol_or_asset_id}': ['get', 'delete'],
  '/v2/clock': ['get'],
  '/v2/calendar': ['get'],
  '/v3/clock': ['get'],
  '/v2beta1/events/activities': ['get'],
}
const WORDS = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'title',
  'tags',
  'externalDocs',
  'headers',
  'operationId',
])

/** The value without its words; `properties` may well have a property of such a name. */
function facts(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => facts(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => within === 'properties' || (!WORDS.has(key) && !key.startsWith('x-')))
      .map(([key, item]) => [key, facts(item, key)]),
  )
}
/** Dividends, splits, transfers: none of them happens here. */
const NEVER = new Set(['ActivityV2DetailNTA'])
const PREFIX = '#/components/'
function* refs(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  if ('$ref' in value && typeof value.$ref === 'string') yield value.$ref
  for (const item of Object.values(value)) yield* refs(item)
}

const [, , from] = process.argv
if (!from) throw new Error('which specification? give its path')
type Operation = Readonly<Record<string, unknown>>
const spec = JSON.parse(readFileSync(from, 'utf8')) as {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
const paths: Record<string, Record<string, unknown>> = {}
for (const [path, methods] of Object.entries(KEPT)) {
  const of = spec.paths[path]
  const kept: Record<string, unknown> = { parameters: facts(of?.['parameters'] ?? []) }
  for (const method of methods) kept[method] = facts(of?.[method])
  paths[path] = kept
}
const components: Record<string, Record<string, unknown>> = {}
const wanted = [...refs(paths)]
for (const ref of wanted) {
  const [kind = '', name = ''] = ref.slice(PREFIX.length).split('/')
  const named = (components[kind] ??= {})
  if (Object.hasOwn(named, name)) continue
  named[name] = NEVER.has(name) ? { not: {} } : facts(spec.components[kind]?.[name])
  wanted.push(...refs(named[name]))
}
const $comment =
  "Facts out of Alpaca's specification of its trading API (alpacahq/alpaca-mcp-server, src/alpaca_mcp_server/specs/" +
  'trading-api.json, commit 88722ce, 2026-06-24, MIT License): paths, parameters, types, enumerations and ' +
  'required keys of the endpoints used here; every sentence and example is left out. Made by scripts/alpaca-facts.ts.'
const out = join(ROOT, 'test/fixtures/alpaca-openapi-facts.json')
writeFileSync(out, `${JSON.stringify({ $comment, openapi: spec.openapi, paths, components }, null, 1)}\n`)
