import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { it } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')

/** Relative links and pictures of a page, without their anchors. */
export const linksIn = (markdown: string): string[] =>
  [...markdown.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map((m) => m[1] ?? '')
    .filter((to) => !/^(?:[a-z]+:|#)/.test(to))
    .map((to) => to.split('#')[0] ?? '')

it('every page that a page points to is there', () => {
  const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
  const broken = pages.flatMap((page) =>
    linksIn(readFileSync(join(ROOT, page), 'utf8'))
      .filter((to) => !existsSync(join(ROOT, dirname(page), to)))
      .map((to) => `${page} -> ${to}`),
  )
  assert.ok(pages.length > 10)
  assert.deepEqual(broken, [])
})
it('finds links, and not what looks like one in code', () => {
  assert.deepEqual(linksIn('[a](b/c.md#d) ![e](f.png) [g](https://h) [i](#j)\n```\n[k](l.md)\n```'), [
    'b/c.md',
    'f.png',
  ])
})
