// docs/mcp.md, held to what it says: its tools are the tools, its examples are taken, its configuration starts the bridge.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readRequest } from '../src/api/read.ts'
import { OUTCOMES } from '../src/api/told.ts'
import { partsOf, TOOLS } from '../src/api/tools.ts'
import { parseJson } from '../src/values/json.ts'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'docs', 'mcp.md'), 'utf8')
const blocks = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']) => block)
const rows = (of: RegExp): string[][] =>
  [...page.matchAll(of)].map(([line]) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
const codes = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

describe('the page about MCP', () => {
  it('lists the tools that there are, with their routes and scopes', () => {
    const listed = rows(/^\| `[a-z]+_[a-z]+` \|.*\|$/gm).map(([tool, asks, scope]) => ({
      tool: codes(tool)[0],
      asks: codes(asks),
      scope,
    }))
    const there = TOOLS.map(({ spec, routes }) => ({
      tool: spec.name,
      asks: routes.map(([, { method, path }]) => `${method} ${path}`),
      scope: routes
        .map(([, { access }]) =>
          typeof access === 'string' ? 'any token' : access.map((scope) => `\`${scope}\``).join(' or '),
        )
        .filter((scope, i, all) => all.indexOf(scope) === i)
        .join('; '),
    }))
    assert.deepEqual(listed, there)
  })

  it('explains every outcome', () => {
    const words = rows(/^\| `[a-z]+` \|.*\|$/gm).map(([word]) => codes(word)[0])
    assert.deepEqual(words, [...OUTCOMES])
  })

  it('shows arguments that are taken', () => {
    let shown = 0
    for (const block of blocks) {
      const read = parseJson(block)
      assert.ok(read.ok, block)
      const { tool: name, arguments: given } = read.value as { tool?: string; arguments?: Record<string, unknown> }
      if (name === undefined) continue
      shown++
      const [, route] = TOOLS.find(({ spec }) => spec.name === name)?.routes[0] ?? []
      assert.ok(route && given, block)
      const parts = readRequest(route, partsOf(route, given))
      assert.ok(parts.ok, `${name}: ${JSON.stringify(parts)}`)
    }
    assert.equal(shown, 4)
  })

  it('shows a configuration that starts the bridge, and a question that it answers', () => {
    const [command] = blocks
      .map(
        (block) =>
          (JSON.parse(block) as { mcpServers?: Record<string, { command?: string; args?: string[] }> }).mcpServers,
      )
      .flatMap((servers) => Object.values(servers ?? {}))
      .filter(({ args }) => args !== undefined)
    const [file = '', ...args] = command?.args ?? []
    const bin = file.replace('/path/to/jax-execution', ROOT)
    assert.ok(command?.command === 'node' && existsSync(bin))
    const question = /^echo '(.*)' \| npx jax-exec mcp$/m.exec(page)?.[1] ?? ''
    const empty = mkdtempSync(join(tmpdir(), 'mcp-page-'))
    const { stdout, status } = spawnSync(process.execPath, [bin, ...args, '--data-dir', empty], {
      input: `${question}\n`,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: empty },
      cwd: empty,
    })
    rmSync(empty, { recursive: true, force: true })
    assert.equal(status, 0)
    const answer = JSON.parse(stdout) as { id: number; result: { structuredContent: { outcome: string } } }
    assert.deepEqual([answer.id, answer.result.structuredContent.outcome], [1, 'failed'])
  })
})
