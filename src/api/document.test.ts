import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SCOPES } from './access.ts'
import { type House, openHouse } from './house.contract.ts'
import { PROBLEMS } from './problem.ts'
import { readRequest } from './read.ts'
import { ROUTES } from './routes.ts'

type Node = { readonly [key: string]: unknown }
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security: readonly object[]
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: Node
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Node }>> }
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: Node }>> }
    >
  >
}
type Document = {
  readonly openapi: string
  readonly info: Node
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Node>>; readonly securitySchemes: Node }
}

describe('the OpenAPI document', () => {
  let house: House
  let document: Document
  let operations: readonly (readonly [path: string, method: string, operation: Operation])[]
  before(async () => {
    house = await openHouse()
    document = (await house.ask({ url: '/openapi.json' })).json<Document>()
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => [path, method, operation] as const),
    )
  })
  after(() => house.close())

  it('is 3.1 and has every route of the table once, under a name of its own', () => {
    assert.equal(document.openapi, '3.1.0')
    const names = operations.map(([, , { operationId }]) => operationId)
    assert.equal(new Set(names).size, names.length)
    for (const route of ROUTES) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
      assert.equal(document.paths[path]?.[route.method.toLowerCase()]?.operationId, route.name)
    }
    assert.equal(names.length, ROUTES.length + 5)
  })

  it('points at nothing that is not there', () => {
    let refs = 0
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, value] of Object.entries(node)) {
        // A schema of its own would bring these along; inside a document they mean something else.
        assert.ok(key !== '$id' && key !== '$schema', key)
        if (key === '$ref') {
          refs++
          const id = /^#\/components\/schemas\/(\w+)$/.exec(String(value))?.[1]
          assert.ok(id && id in document.components.schemas, String(value))
        }
        walk(value)
      }
    }
    walk(document)
    assert.ok(refs > 200)
  })

  it('declares every parameter of a path, and says of every answer what it is', () => {
    for (const [path, method, operation] of operations) {
      const what = `${method} ${path}`
      assert.deepEqual(
        operation.parameters
          .filter((parameter) => parameter.in === 'path')
          .map(({ name, required }) => `${name} ${required}`)
          .sort(),
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name} true`).sort(),
        what,
      )
      assert.ok(operation.summary.length > 3, what)
      assert.ok(
        operation.tags.every((tag) => document.tags.some(({ name }) => name === tag)),
        what,
      )
      assert.ok(
        Object.keys(operation.responses).some((status) => /^[23]/.test(status)),
        what,
      )
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^[2-5]\d\d$/)
        assert.ok(response.description.length > 3, `${what} ${status}`)
        if (status >= '400') assert.deepEqual(Object.keys(response.content ?? {}), ['application/problem+json'], what)
      }
      for (const { schema } of operation.parameters) assert.ok('type' in schema || 'anyOf' in schema, what)
    }
  })

  it('has every object closed: what is not named is not sent', () => {
    for (const [name, schema] of Object.entries(document.components.schemas))
      if (schema['type'] === 'object') assert.equal(schema['additionalProperties'], false, name)
  })

  it('describes every field of a request', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (!name.endsWith('Request')) continue
      for (const [field, { anyOf, ...own }] of Object.entries((schema['properties'] ?? {}) as Record<string, Node>)) {
        const said = { ...(anyOf as Node[] | undefined)?.[0], ...own }
        assert.ok(
          typeof said['description'] === 'string' && said['type'] !== undefined && Array.isArray(said['examples']),
          `${name}.${field}`,
        )
      }
    }
  })

  it('gives examples that are valid', () => {
    let bodies = 0
    for (const route of ROUTES)
      for (const example of route.examples ?? []) {
        const url = new URL(example.path, 'http://localhost')
        const pattern = new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
        const found = pattern.exec(url.pathname)
        assert.ok(found, `${route.name}: ${example.path}`)
        const params = Object.fromEntries(
          Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
        )
        const body = example.body === undefined ? undefined : numerals(example.body)
        if (body !== undefined) bodies++
        const read = readRequest(route, { params, query: Object.fromEntries(url.searchParams), body })
        assert.ok(read.ok, `${route.name}: ${JSON.stringify(read)}`)
      }
    assert.ok(bodies >= 6)
  })
})

/** Numbers as text, which is read the same; `parseJson` would make numerals of them. */
const numerals = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (_, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  ) as unknown

describe('the reference page', () => {
  let house: House
  let page: string
  before(async () => {
    house = await openHouse()
    page = (await house.ask({ url: '/docs' })).body
  })
  after(() => house.close())

  it('needs nothing but its own style sheet: no script, nothing inline, nothing from elsewhere', async () => {
    assert.doesNotMatch(page, /<script|style=|<style|\son\w+=|javascript:/i)
    const links = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, to]) => to ?? '')
    assert.ok(links.length > 100)
    for (const to of links) assert.match(to, /^(#|\/|data:,$)/)
    assert.match(String((await house.ask({ url: '/docs/style.css' })).headers['content-type']), /^text\/css/)
  })
  it('has every route, scope and problem, and every anchor leads somewhere', () => {
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    for (const [, to = ''] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(to), to)
    for (const id of [...ROUTES.map(({ name }) => name), ...Object.keys(PROBLEMS)]) assert.ok(ids.has(id), id)
    for (const scope of Object.keys(SCOPES)) assert.ok(page.includes(scope), scope)
  })
  it('shows commands that can be pasted', () => {
    assert.match(page, /curl -sS -X POST 'http:\/\/localhost:4810\/v1\/intents'/)
    assert.match(page, /Authorization: Bearer \$JAX_TOKEN/)
  })
  it('a problem leads to its explanation there', async () => {
    const { type } = (await house.ask({ url: '/v1/me' })).json<{ type: string }>()
    const id = /^\/docs#(\w+)$/.exec(type)?.[1] ?? ''
    assert.match(page, new RegExp(`id="${id}"`))
  })
})
