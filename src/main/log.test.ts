import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { openLog, scrub } from './log.ts'

const root = mkdtempSync(join(tmpdir(), 'log-'))
after(() => rmSync(root, { recursive: true, force: true }))

const SECRET = 'Zk3x-9T2v_C0qe7hzwAAAAAAAAAAAAAAAAAAAAAAAAAA'

// biome-ignore format: a table reads in columns
const rows: readonly (readonly [line: string, becomes: string])[] = [
  [`Bearer jax_paper_8f3k2m1p_${SECRET}`,            'Bearer jax_paper_8f3k2m1p_[hidden]'],
  [`jaxs_${SECRET}`,                                 'jaxs_[hidden]'],
  [`see http://127.0.0.1:1/signin#code=k3xm-9t2v`,   'see http://127.0.0.1:1/signin#code=[hidden]'],
  ['jax_paper is an environment',                    'jax_paper is an environment'],
  ['order jxvxwf64kfjg9gpqe75pjj1x1ybj-s',           'order jxvxwf64kfjg9gpqe75pjj1x1ybj-s'],
]
for (const [line, becomes] of rows) it(`hides ${becomes}`, () => assert.equal(scrub(line), becomes))

it('no secret reaches the file, wherever in a line it stands; warnings are also told in words', () => {
  let told = ''
  const console = new Writable({ write: (chunk: Buffer, _, done) => ((told += chunk.toString()), done()) })
  const file = join(root, 'a.log')
  const log = openLog(file, 'info', console)
  log.debug({}, 'not written at this level')
  log.info({ token: SECRET, deep: { headers: { authorization: `Bearer jax_paper_8f3k2m1p_${SECRET}` } } }, 'hello')
  log.warn({ cause: new Error(`refused jaxs_${SECRET}`).message, at: 7 }, 'odd \u001b[2J')
  log.close()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 2)
  assert.doesNotMatch(lines.join(), /Zk3x/)
  assert.match(lines[0] ?? '', /"level":"info".*"token":"\[hidden\]".*jax_paper_8f3k2m1p_\[hidden\].*"msg":"hello"/)
  assert.match(stripVTControlCharacters(told), /^warning: odd .*\(cause: refused jaxs_\[hidden\], at: 7\)\n$/)
  assert.doesNotMatch(told, /\u001b\[2J/)
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
})

it('a log that has grown is put aside', () => {
  const file = join(root, 'b.log')
  writeFileSync(file, '')
  truncateSync(file, 21 * 1024 * 1024)
  const log = openLog(file, 'info', null)
  log.info({}, 'fresh')
  log.close()
  assert.match(readFileSync(file, 'utf8'), /^\{.*fresh"\}\n$/)
  assert.equal(statSync(`${file}.1`).size, 21 * 1024 * 1024)
})

it('a log that grows while it is written never takes more than two files of 20 MiB', () => {
  const file = join(root, 'c.log')
  const log = openLog(file, 'info', null)
  const text = 'x'.repeat(1024 * 1024)
  for (let n = 0; n < 65; n++) log.info({ n, text }, 'asked')
  log.close()
  const numbersIn = (path: string): number[] =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).n)
  const kept = [...numbersIn(`${file}.1`), ...numbersIn(file)]
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, n) => 65 - kept.length + n),
    'the newest lines, none lost',
  )
  assert.ok(kept.length >= 20 && kept.length <= 42, `${kept.length} lines are kept`)
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
})

it('a disk that takes nothing ends nobody, and what is a warning is told all the same', () => {
  let told = ''
  const console = new Writable({ write: (chunk: Buffer, _, done) => ((told += chunk.toString()), done()) })
  const log = openLog('/dev/full', 'info', console)
  for (let i = 0; i < 3; i++) log.error({ i }, 'the disk is full')
  assert.equal(told.match(/the disk is full/g)?.length, 3)
})
