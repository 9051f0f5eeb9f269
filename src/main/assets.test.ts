import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { readAssets } from './assets.ts'

it('the dashboard is read once, by URL path and type; one that is not built is empty', () => {
  const root = mkdtempSync(join(tmpdir(), 'assets-'))
  try {
    assert.equal(readAssets(join(root, 'gone')).size, 0)
    mkdirSync(join(root, 'assets'))
    writeFileSync(join(root, 'index.html'), '<!doctype html>')
    writeFileSync(join(root, 'assets', 'app-1a2b.js'), 'let a')
    writeFileSync(join(root, 'assets', 'odd.xyz'), '?')
    const assets = readAssets(root)
    rmSync(join(root, 'index.html'))
    assert.deepEqual(
      [...assets]
        .map(([path, { type, body }]) => [path, type, Buffer.from(body).toString()])
        .sort(([a = ''], [b = '']) => a.localeCompare(b)),
      [
        ['/assets/app-1a2b.js', 'text/javascript; charset=utf-8', 'let a'],
        ['/assets/odd.xyz', 'application/octet-stream', '?'],
        ['/index.html', 'text/html; charset=utf-8', '<!doctype html>'],
      ],
    )
  } finally {
    rmSync(root, { recursive: true })
  }
})
