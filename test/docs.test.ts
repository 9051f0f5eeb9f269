import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { DOCS, staleDocs } from '../scripts/docs.ts'

it('generated documents say what the code says ("npm run docs" rewrites them)', async () => {
  const stale = await staleDocs(join(import.meta.dirname, '..'), DOCS)
  assert.deepEqual(
    stale.map(({ file, why }) => `${file}: ${why}`),
    [],
  )
})

it('a document that is missing or differs is named, with the line', async () => {
  const root = mkdtempSync(join(tmpdir(), 'docs-'))
  try {
    writeFileSync(join(root, 'same.md'), 'one\ntwo\n')
    writeFileSync(join(root, 'old.md'), 'one\n2\n')
    const doc = (file: string) => ({ file, generate: () => 'one\ntwo' })
    const stale = await staleDocs(root, [doc('same.md'), doc('old.md'), doc('gone.md')])
    assert.deepEqual(
      stale.map(({ file, why }) => [file, why]),
      [
        ['old.md', 'line 2 is "2", should be "two"'],
        ['gone.md', 'missing'],
      ],
    )
  } finally {
    rmSync(root, { recursive: true })
  }
})
