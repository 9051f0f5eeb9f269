import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Problem } from '../api/wire.ts'
import { buildProgram } from './program.ts'
import { asTyped } from './typed.ts'
import type { Command } from 'commander'

/** The command of these words, as it is after it was typed. */
function typed(line: string): Command {
  const program = buildProgram()
  const all = (one: Command): Command[] => [one, ...one.commands.flatMap(all)]
  let ran = program
  for (const one of all(program)) {
    one.exitOverride().configureOutput({ writeErr: () => {} })
    one.action(() => {
      ran = one
    })
  }
  program.parse(line.split(' '), { from: 'user' })
  return ran
}
const problemAt = (path: string): Problem => ({
  type: 'about:blank',
  title: '',
  status: 400,
  code: 'INVALID_REQUEST',
  detail: `${path} must be otherwise. Nothing was recorded.`,
  errors: [{ path, message: 'must be otherwise' }],
})

describe('a no names what was typed', () => {
  // biome-ignore format: a table reads in columns
  const rows: readonly (readonly [line: string, path: string, says: string])[] = [
    ['approvals statistics --since x',                      'query.since',       '--since'],
    ['orders --from x',                                     'query.from',        '--from'],
    ['intents --strategy x',                                'query.strategy',    '--strategy'],
    ['show x',                                              'path.id',           '<intent>'],
    ['cancel x',                                            'path.clOrdID',      '<clOrdID>'],
    ['quote x',                                             'path.symbol',       '<symbol>'],
    ['snooze x --until y',                                  '$.until',           '--until'],
    ['snooze x --until y',                                  'path.id',           '<intent>'],
    ['snooze x --minutes 5 --reason y',                     '$.reason',          '--reason'],
    ['replace x --price 1',                                 '$.limit_price',     '--price'],
    ['replace x --qty 1',                                   '$.order_qty',       '--qty'],
    ['take-in x --reason y',                                '$.symbol',          '<symbol>'],
    ['login x --name y',                                    '$.code',            '<code>'],
    ['tokens add x --scope y',                              '$.scopes',          '--scope'],
    ['tokens add x --scope y',                              '$.name',            '<name>'],
    ['approvals arm s --symbol A --max-notional 1 --max-count 1', '$.strategyID', '<strategy>'],
    ['approvals arm s --symbol A --max-notional 1 --max-count 1', '$.until',      '--minutes'],
    ['approvals arm s --symbol A --max-notional 1 --max-count 1', '$.symbols',    '--symbol'],
    ['signal --symbol A --side BUY --stop 1',               '$.stop_loss',       '--stop'],
    // What is not typed keeps its name, and so does what stands in a file.
    ['signal --file x',                                     '$.symbol',          '$.symbol'],
    ['approvals policy propose x --reason y',               '$.what.policy',     '$.what.policy'],
    ['orders',                                              'query.after',       'query.after'],
    ['status',                                              '$',                 '$'],
  ]
  for (const [line, path, says] of rows)
    it(`${line}: ${path} is ${says}`, () => {
      const { detail, errors } = asTyped(typed(line), problemAt(path))
      assert.equal(detail, `${says} must be otherwise. Nothing was recorded.`)
      assert.deepEqual(errors, [{ path: says, message: 'must be otherwise' }])
    })
  it('and without fields it stays as it is', () => {
    const { errors: _, ...problem } = problemAt('query.since')
    assert.deepEqual(asTyped(typed('orders'), problem), problem)
  })
})
