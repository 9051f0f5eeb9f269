import type { Command } from 'commander'
import type { Problem } from '../api/wire.ts'

/** What the API calls otherwise than the command line. */
const NAMES: Readonly<Record<string, string>> = {
  entry_price: 'entry',
  expires_at: 'validFor',
  limit_price: 'price',
  order_qty: 'qty',
  scopes: 'scope',
  signal_type: 'side',
  stop_loss: 'stop',
  strategyID: 'strategy',
  strategy_id: 'strategy',
  symbols: 'symbol',
  take_profit: 'target',
}

/** A no of the gateway that names what was typed, `--since` or `<intent>`, instead of fields of a request that nobody saw. */
export function asTyped(command: Command, problem: Problem): Problem {
  // Fields of a file are its own.
  if (command.getOptionValue('file') !== undefined) return problem
  let { detail } = problem
  const errors = problem.errors?.map((error) => {
    const typed = wordOf(command, error.path)
    if (typed === null) return error
    detail = detail
      .split(' ')
      .map((word) => (word === error.path ? typed : word))
      .join(' ')
    return { ...error, path: typed }
  })
  return { ...problem, detail, ...(errors && { errors }) }
}

function wordOf(command: Command, path: string): string | null {
  const [, part, field] = /^(\$|query|path)\.(\w+)$/.exec(path) ?? []
  if (field === undefined) return null
  const name = NAMES[field] ?? field
  const argument = command.registeredArguments.find((one, at) => (part === 'path' ? at === 0 : one.name() === name))
  if (argument !== undefined) return `<${argument.name()}>`
  // A time may have been typed as so many minutes.
  const names = name === 'until' && command.getOptionValue('until') === undefined ? ['minutes', 'until'] : [name]
  const options = names.map((wanted) => command.options.find((one) => one.attributeName() === wanted))
  return options.find((one) => one !== undefined)?.long ?? null
}
