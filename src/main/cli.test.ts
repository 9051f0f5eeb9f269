import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { Problem } from '../api/wire.ts'
import { Fault } from '../values/fault.ts'
import { endingOf } from './ending.ts'
import { apiClient, NoAnswer, ProblemAnswer } from './client.ts'
import { EXIT, type ExitName, Stop } from './exit.ts'
import { buildProgram, examplesOf } from './program.ts'
import type { Command } from 'commander'

const problem = (status: number, code: string): Problem => ({
  type: 'about:blank',
  title: '',
  status,
  code,
  detail: 'because',
})

describe('every end has a code that a script can act on, and words', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [error: unknown, exit: ExitName, says: RegExp])[] = [
    [new Stop('BUSY', 'Port 1 is in use.', { lines: ['Choose another.'] }),                 'BUSY',        /Port 1 is in use\.\nChoose another/],
    [new ProblemAnswer(problem(422, 'GATE_REFUSED')),                                       'REFUSED',     /because/],
    [new ProblemAnswer(problem(409, 'NOT_PENDING')),                                        'REFUSED',     /because/],
    [new ProblemAnswer(problem(404, 'NOT_FOUND')),                                          'NOT_FOUND',   /because/],
    [new ProblemAnswer(problem(401, 'UNAUTHENTICATED')),                                    'NOT_ALLOWED', /because\nGet a one-time code/],
    [new ProblemAnswer(problem(403, 'FORBIDDEN')),                                          'NOT_ALLOWED', /because/],
    [new ProblemAnswer(problem(500, 'INTERNAL')),                                           'FAILED',      /because/],
    [new NoAnswer('http://127.0.0.1:7070', { cause: { code: 'ECONNREFUSED' } }),            'UNAVAILABLE', /No gateway is running.*\nStart it with: npm start/],
    [new NoAnswer('http://127.0.0.1:7070', { cause: { code: 'ECONNRESET' } }),              'UNAVAILABLE', /does not answer[\s\S]*look before you ask again/],
    [new Fault('STORE_DAMAGED', 'the database is damaged'),                                 'DATA',        /damaged/],
    [new Fault('DESK_DIED', 'the thread stopped'),                                          'FAULT',       /thread/],
  ]
  for (const [error, exit, says] of rows)
    it(`${String(error)} ends with ${EXIT[exit].code}`, () => {
      const ending = endingOf(error)
      assert.equal(ending?.exit, exit)
      assert.match([ending?.message, ...(ending?.lines ?? [])].join('\n'), says)
    })
  it('what nobody foresaw is not dressed up', () => assert.equal(endingOf(new TypeError('x is not a function')), null))
  it('no two ends share a code', () =>
    assert.equal(new Set(Object.values(EXIT).map((e) => e.code)).size, Object.keys(EXIT).length))
})

describe('the commands', () => {
  const all = (parent: Command): Command[] => parent.commands.flatMap((command) => [command, ...all(command)])
  it('each say what they do, and those that act show an example', () => {
    for (const command of all(buildProgram())) {
      assert.match(command.description(), /\.$/, command.name())
      if (command.commands.length === 0) assert.ok(examplesOf(command).length > 0, command.name())
    }
  })
  it('have examples that the command line itself understands', () => {
    for (const command of all(buildProgram()))
      for (const example of examplesOf(command)) {
        const words = [
          ...example
            .replace(/^.*jax-exec /, '')
            .replace(/ [>|].*$/, '')
            .matchAll(/"([^"]*)"|(\S+)/g),
        ].map((m) => m[1] ?? m[2] ?? '')
        const program = buildProgram()
        let ran = false
        for (const one of all(program)) {
          one.exitOverride().configureOutput({ writeErr: () => {} })
          one.action(() => {
            ran = true
          })
        }
        assert.doesNotThrow(() => program.parse(words, { from: 'user' }), example)
        assert.ok(ran, example)
      }
  })
})

it('an answer that is not ours is not taken for one', async () => {
  const server = createServer((_, response) =>
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
  ).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await assert.rejects(
      apiClient({ url: `http://127.0.0.1:${port}`, token: null }).status(),
      (error) => error instanceof ProblemAnswer && error.problem.code === 'NOT_A_GATEWAY',
    )
  } finally {
    server.close()
  }
})
