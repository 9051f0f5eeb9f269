// The command line as data: names, options, help and examples. What the commands do is in commands/.
import { Command, InvalidArgumentError, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { ProblemAnswer } from './client.ts'
import { type Context, contextOf, type GlobalOptions } from './context.ts'
import { EXIT } from './exit.ts'
import { asTyped } from './typed.ts'
import { type Amt, gt, parseDecimal, ZERO } from '../values/decimal.ts'
import { HALT_LEVELS, type HaltLevel } from '../orders/halt.ts'
import { SIZINGS } from './sizing.ts'

type Run = (ctx: Context, ...args: never[]) => Promise<void>

/** Loaded when a command runs, so that `halt` does not wait for code that it does not need. */
const trading = () => import('./commands/trading.ts')
const safety = () => import('./commands/safety.ts')
const emergencies = () => import('./commands/emergency.ts')
const liquidation = () => import('./commands/liquidation.ts')
const access = () => import('./commands/access.ts')
const limits = () => import('./commands/limits.ts')
const stages = () => import('./commands/stages.ts')
const drills = () => import('./commands/drills.ts')
const strategies = () => import('./commands/strategies.ts')
const approvals = () => import('./commands/approvals.ts')
const controls = () => import('./commands/controls.ts')
const waivers = () => import('./commands/waivers.ts')
const records = () => import('./commands/records.ts')
const gateway = () => import('./commands/gateway.ts')
const simulators = () => import('./commands/simulate.ts')
const chats = () => import('./commands/simulate-chat.ts')
const providers = () => import('./commands/simulate-oidc.ts')
const incident = () => import('./commands/incident.ts')
const assistants = () => import('./commands/mcp.ts')

/** Builds the whole command tree. It prints and exits nowhere: `cli.ts` does. */
export function buildProgram(): Command {
  const program = new Command('jax-exec')
    .description(
      'Jax Execution: an order leaves once, when a person has said yes to exactly that order, and can be proven and stopped.',
    )
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .option('--config <file>', 'configuration file (default: jax-exec.yaml beside the program)')
    .option('--data-dir <folder>', 'data directory (default: from the configuration)')
    .option('--url <address>', 'address of the service (default: where the one of this data directory listens)')
    .option('--json', 'print the answer as JSON')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('(add --help for an example)')
    .exitOverride()
  program.addHelpText(
    'after',
    `\nExit codes:\n${Object.values(EXIT)
      .map(({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}`)
      .join('\n')}`,
  )

  // --- the service
  command(
    program,
    'serve',
    'Start the gateway: HTTP API, dashboard, worker. Ctrl-C stops it in order; the signal USR2 halts trading.',
    ['serve', 'serve --demo', 'serve --port 0 --data-dir ./trial'],
  )
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port to listen on; 0 takes any free one')
    .option('--demo', 'also send a signal in the shape of Jax about every 20 seconds')
    .action(run(gateway, 'serve'))
  command(
    program,
    'replay',
    'Start the gateway on recorded one-minute bars, with a data directory of its own that is removed at the end.',
    ['replay bars/AAPL.csv', 'replay bars/AAPL.csv --speed 120 --demo'],
  )
    .argument(
      '<file>',
      'CSV with the columns date (UTC), open, high, low, close, volume; its name begins with the symbol: AAPL_….csv',
    )
    .option('--speed <factor>', 'market seconds per second', '60')
    .option('--host <address>', 'address to listen on')
    .option('--port <number>', 'port to listen on; 0 takes any free one')
    .option('--demo', 'also send a signal in the shape of Jax about every 20 seconds')
    .option('--keep', 'keep the data directory')
    .action(run(gateway, 'replay'))
  command(
    program,
    'mcp',
    'Speak MCP on standard input and output, for an assistant: it can propose, follow and withdraw orders and stop trading, and never approve or release. A bridge to the gateway, with the assistant’s token.',
    ['mcp', 'mcp --data-dir ./trial'],
  )
    .addHelpText(
      'after',
      `
In the configuration of an assistant:
  {
    "mcpServers": {
      "jax-execution": { "command": "node", "args": ["/path/to/jax-execution/bin/jax-exec.mjs", "mcp"] }
    }
  }

The token is read from where the configuration says (access.agentToken), or from the data directory; never from the command line.
Without a process of its own: MCP over HTTP at /mcp of the gateway, with the header "Authorization: Bearer" and that token.`,
    )
    .action(run(assistants, 'mcp'))
  const simulate = program
    .command('simulate')
    .description(
      'Brokers and chats on this machine to try the real connection with, and a journal to find out what happened.',
    )
  command(
    simulate,
    'alpaca',
    'Start a simulated Alpaca: the trading API, the order stream and market data on this machine, for a gateway with account.broker: alpaca. Ctrl-C stops it.',
    [
      'simulate alpaca',
      'simulate alpaca --write-config alpaca-sim.yaml',
      'simulate alpaca --state alpaca-sim.jsonl --chaos 0.05',
      'simulate alpaca --market replay:bars/AAPL.csv --speed 120',
    ],
  )
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes any free one')
        .argParser(wholeNumber(0, 65_535))
        .default(7071),
    )
    .addOption(
      new Option('--seed <number>', 'the same seed makes the same market, account and keys')
        .argParser(wholeNumber(0, 999_999_999))
        .default(7),
    )
    .option('--state <file>', 'keep the account in this file (default: in memory, gone when it stops)')
    .option('--market <source>', 'where prices come from: seeded, or replay:FILE with one-minute bars', 'seeded')
    .addOption(
      new Option('--hours <which>', 'of the seeded market: regular opens stocks at New York’s hours only')
        .choices(['always', 'regular'])
        .default('always'),
    )
    .addOption(
      new Option('--speed <factor>', 'market seconds per second (default: 1, or 60 for a replay)').argParser(
        wholeNumber(1, 3600),
      ),
    )
    .addOption(new Option('--cash <amount>', 'cash of a new account, in USD').argParser(amount).default('100000.00'))
    .addOption(
      new Option('--frames <kind>', 'how the order stream is sent; Alpaca’s paper stream is binary')
        .choices(['binary', 'text'])
        .default('binary'),
    )
    .addOption(
      new Option(
        '--chaos <share>',
        'share of requests that go wrong, such as 0.05: lost before or after, refused, garbled',
      ).argParser(share),
    )
    .option('--key-id <text>', 'take this key id (default: made from the seed)')
    .option('--secret-key <text>', 'take this secret key (default: made from the seed)')
    .option('--write-config <file>', 'write a configuration that trades with it, and its keys beside it')
    .action(run(simulators, 'simulateAlpaca'))
  chat(
    command(
      simulate,
      'slack',
      'Start a simulated Slack: a page to be the people of a workspace, and all that a gateway with channels.slack calls. Ctrl-C stops it.',
      ['simulate slack', 'simulate slack --write-config slack-sim.yaml', 'simulate slack --socket'],
    ),
    7073,
  )
    .option('--socket', 'the gateway connects by Socket Mode, as from a machine that Slack cannot reach')
    .action(run(chats, 'simulateSlack'))
  chat(
    command(
      simulate,
      'teams',
      'Start a simulated Teams: a page to be the people of an organisation, and all that a gateway with channels.teams calls. Ctrl-C stops it.',
      ['simulate teams', 'simulate teams --write-config teams-sim.yaml'],
    ),
    7074,
  ).action(run(chats, 'simulateTeams'))
  command(
    simulate,
    'oidc',
    'Start a simulated sign-in provider (OpenID Connect) with people who are made up, for a gateway with access.oidc. Ctrl-C stops it.',
    ['simulate oidc', 'simulate oidc --write-config oidc-sim.yaml'],
  )
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes any free one')
        .argParser(wholeNumber(0, 65_535))
        .default(7075),
    )
    .option('--write-config <file>', 'write a configuration that signs in with it, and the secret beside it')
    .action(run(providers, 'simulateOidc'))
  command(
    simulate,
    'incident',
    'Replay a journal that "audit export" wrote: is every row a step that the machines take, and would every decision be taken again? Reports the first difference and what led to it. Needs neither the service nor a broker.',
    [
      'simulate incident --from ./evidence',
      'simulate incident --from ./evidence --all',
      'simulate incident --from ./evidence --until 1200',
      'simulate incident --from ./evidence --order jx4o2m6sbqkzq5k5rv3d7c2whaqe',
    ],
  )
    .requiredOption('--from <folder>', 'the folder that "audit export" wrote')
    .addOption(
      new Option('--until <row>', 'replay no further than this row, and show how things stood then').argParser(
        wholeNumber(0, 999_999_999),
      ),
    )
    .option('--order <id>', 'only what differs in the story of this order and its intent')
    .option('--all', 'list every difference, not only the first')
    .option('--key <text>', 'verifier key that was noted at set-up (default: the one in the folder)')
    .action(run(incident, 'simulateIncident'))
  command(program, 'status', 'Show whether trading goes on, what is open and what waits for a person.', [
    'status',
    'status --json',
  ]).action(run(safety, 'status'))

  // --- asking and deciding
  command(
    program,
    'signal',
    'Send one signal, as the assistant would. It is sized, checked and then waits for a person.',
    [
      'signal --symbol AAPL --side BUY',
      'signal --symbol AAPL --side BUY --entry 187.50 --stop 184.00 --target 195.00',
      'signal --file signal.json',
      'my-assistant | jax-exec signal --file -',
    ],
  )
    .option('--file <file>', 'the whole signal, or an explicit order, as JSON; - reads standard input')
    .option('--id <id>', 'its id; the same id is the same intent (default: a new one)')
    .option('--symbol <symbol>', 'such as AAPL or EUR/USD')
    .addOption(new Option('--side <side>', 'what to do').choices(['BUY', 'SELL', 'HOLD', 'buy', 'sell', 'hold']))
    .option('--entry <price>', "where to get in (default: at the market's price)")
    .option('--stop <price>', 'where the idea is wrong (default: one percent from the entry)')
    .option('--target <price>', 'where it has paid (default: two percent from the entry, if no stop was typed)')
    .option('--strategy <id>', 'strategy that had the idea', 'cli')
    .option('--confidence <share>', 'from 0 to 1; shown, never trusted', '0.5')
    .option('--reasoning <text>', 'why', 'sent by hand')
    .option('--valid-for <seconds>', 'how long the idea holds', wholeNumber(1, 86_400), 900)
    .action(run(trading, 'signal'))
  command(program, 'queue', 'List what waits for a decision.', ['queue']).action(run(trading, 'queue'))
  command(program, 'intents', 'List what was asked for, newest first.', [
    'intents',
    'intents --state Refused --symbol AAPL',
  ])
    .addOption(
      new Option('--state <state...>', 'only these states').choices([
        'Received',
        'AwaitingApproval',
        'Approved',
        'Refused',
        'Declined',
        'Lapsed',
        'Withdrawn',
      ]),
    )
    .option('--symbol <symbol>', 'only this symbol')
    .option('--strategy <id>', 'only this strategy')
    .addOption(limit())
    .action(run(trading, 'intents'))
  command(program, 'show', 'Tell the whole story of one intent, from the signal to the last fill.', ['show sig-42'])
    .argument('<intent>', 'its id')
    .action(run(trading, 'show'))
  command(program, 'approve', 'Show one order in words and say yes to exactly that order.', [
    'approve sig-42',
    'approve sig-42 --yes --fingerprint d02c-ec62',
  ])
    .argument('<intent>', 'its id')
    .option('--yes', 'do not ask')
    .option('--fingerprint <text>', 'refuse unless the order has this fingerprint, the one you looked at')
    .option('--reason <text>', 'kept with the decision')
    .action(run(trading, 'approve'))
  command(program, 'decline', 'Say no.', ['decline sig-42 --reason "earnings tonight"'])
    .argument('<intent>', 'its id')
    .requiredOption('--reason <text>', 'kept with the decision')
    .action(run(trading, 'decline'))
  command(
    program,
    'snooze',
    'Put an order off: nobody is reminded of it until then. It decides nothing, and gives nobody more time to decide.',
    ['snooze sig-42 --minutes 10', 'snooze sig-42 --until 2026-11-22T15:20:00Z --reason "after the call"'],
  )
    .argument('<intent>', 'its id')
    .addOption(new Option('--minutes <number>', 'for how long; a day at most').argParser(wholeNumber(1, 1440)))
    .addOption(new Option('--until <time>', 'until when, RFC 3339').conflicts('minutes'))
    .option('--reason <text>', 'kept with it')
    .action(run(trading, 'snooze'))
  command(
    program,
    'reanalyse',
    'Send an order back to whoever proposed it, with a note. It waits on as it is; a better idea is a new intent.',
    ['reanalyse sig-42 --note "Earnings are tomorrow. Does the stop still make sense?"'],
  )
    .argument('<intent>', 'its id')
    .requiredOption('--note <text>', 'what to look at again; kept in the journal')
    .action(run(trading, 'reanalyse'))
  command(program, 'withdraw', 'Take back what was asked for, before it is sent.', ['withdraw sig-42'])
    .argument('<intent>', 'its id')
    .option('--reason <text>', 'kept with it')
    .option('--as-agent', 'with the assistant’s token, also when a person is signed in')
    .action(run(trading, 'withdraw'))

  command(
    program,
    'verify-order',
    'Make the digest and the fingerprint of an order again from the fields that the API tells, without its pages, and compare.',
    ['verify-order sig-42', 'verify-order sig-42 --fingerprint d02c-ec62'],
  )
    .argument('<intent>', 'its id')
    .option('--fingerprint <text>', 'what another screen showed you')
    .action(run(trading, 'verifyOrder'))

  // --- looking
  list(
    command(program, 'orders', 'List orders, newest first.', [
      'orders --open',
      'orders --symbol AAPL --from 2026-11-01T00:00:00Z --csv > orders.csv',
    ]),
  )
    .option('--open', 'only those that may still fill')
    .action(run(trading, 'orders'))
  const filled = list(
    command(program, 'fills', 'List fills, newest first.', [
      'fills --symbol AAPL',
      'fills --csv --limit 10000 > fills.csv',
    ]),
  )
    .option('--order <clOrdID>', 'only of this order')
    .action(run(trading, 'fills'))
  command(
    filled,
    'dispute',
    'Print the request to the broker to review one fill. Nothing is sent: that is for you to do.',
    ['fills dispute X-20261124-7'],
  )
    .argument('<execID>', 'its execution id, as the alert and `fills` name it')
    .action(run(trading, 'dispute'))
  command(program, 'positions', 'List what is held, with profit and how much of it is under a stop.', [
    'positions',
  ]).action(run(trading, 'positions'))
  command(program, 'account', 'Show equity, cash and buying power.', ['account']).action(run(trading, 'account'))
  command(program, 'quote', 'Show what a symbol is bid and offered at.', ['quote AAPL', 'quote EUR/USD --json'])
    .argument('<symbol>', 'such as AAPL')
    .action(run(trading, 'quote'))
  command(program, 'cancel', 'Ask the broker to cancel an order. Never blocked by limits or a halt.', [
    'cancel jxvxwf64kfjg9gpqe75pjj1x1ybj',
  ])
    .argument('<clOrdID>', 'our id of the order')
    .action(run(trading, 'cancel'))
  command(
    program,
    'replace',
    'Give an open entry another price or size. Asking is approving exactly that, so it takes a person who might approve.',
    [
      'replace jxvxwf64kfjg9gpqe75pjj1x1ybj --price 187.60',
      'replace jxvxwf64kfjg9gpqe75pjj1x1ybj --qty 40 --reason "half the risk over the weekend"',
    ],
  )
    .argument('<clOrdID>', 'our id of the order')
    .option('--price <price>', 'the new limit price')
    .option('--qty <quantity>', 'the new size in all; what is filled counts')
    .option('--reason <text>', 'kept with the decision')
    .action(run(trading, 'replace'))

  // --- stopping
  command(
    program,
    'emergency',
    'Print what is held, what works at the broker, how to stop it, and the phone sheet of the broker. Reads the database itself, so that it works with the service dead, and says what it could not read.',
    ['emergency', 'emergency --json'],
  ).action(run(emergencies, 'emergency'))
  command(
    program,
    'halt',
    'Stop trading now. Works with the service stopped; open entries are canceled, and proven to be gone; stops and targets stay. With --symbol, --strategy or a level below K4 it stops less, and needs the service.',
    [
      'halt',
      'halt --reason "assistant misbehaves"',
      'halt --strategy trend --reason "it repeats itself"',
      'halt --symbol AAPL --level K4',
      'halt --level K3',
      'halt --at-broker --wait 600',
      'halt --also ../second/jax-exec.yaml --reason "the feed is wrong"',
    ],
  )
    .addOption(scoped('symbol', 'only orders in this symbol, such as AAPL').conflicts('strategy'))
    .addOption(scoped('strategy', 'only orders of this strategy, such as trend'))
    .addOption(
      new Option(
        '--level <level>',
        'how far: K1 one symbol or strategy, and what waits of it is withdrawn; K2 nothing that opens or enlarges; K3 the same, of everything; K4 open entries are canceled too (default: K4, or K1 for a symbol or strategy)',
      )
        .choices(HALT_LEVELS)
        .argParser(haltLevel),
    )
    .option('--reason <text>', 'kept with the halt', 'halted from the command line')
    .option('--wait <seconds>', 'how long to watch for the proof', wholeNumber(0, 3600), 60)
    .addOption(
      whole('--at-broker', 'cancel at the broker from here, also when the service answers (default: when it does not)'),
    )
    .option('--no-at-broker', 'never speak to the broker from here')
    .addOption(whole('--all', 'cancel stops and targets too, from here: what is held stays without them'))
    .addOption(
      whole('--lock-broker', 'at last lock the account at the broker: it takes no new order then, stops included'),
    )
    .addOption(
      whole(
        '--also <file>',
        'halt the gateway of this configuration file too, at the same time; again for each. None waits for another',
      ).argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file]),
    )
    .action(run(safety, 'halt'))
  command(
    program,
    'resume',
    'Release a halt: of everything, or of the part that is named. Needs a person; and of more than a part, a clean comparison with the broker.',
    [
      'resume --reason "cause found and fixed"',
      'resume --strategy trend --reason "the new version was tried on paper"',
    ],
  )
    .addOption(scoped('symbol', 'the halt of this symbol').conflicts(['strategy', 'account', 'broker']))
    .addOption(scoped('strategy', 'the halt of this strategy').conflicts(['account', 'broker']))
    .addOption(scoped('account', 'the halt of this account, which only HTTP engages').conflicts('broker'))
    .addOption(scoped('broker', 'the halt of this broker, which only HTTP engages'))
    .option('--unlock-broker', 'also take away the lock that "halt --lock-broker" has set at the broker')
    .requiredOption('--reason <text>', 'kept with the release')
    .action(run(safety, 'resume'))
  command(
    program,
    'liquidate',
    'Show what is held and how it would be closed; with --yes and the account’s name, cancel everything, close it with orders that only reduce, and prove that nothing is left. Trading is halted, and stays so.',
    [
      'liquidate',
      'liquidate --yes paper:sim:main --reason "our key is in strange hands" --report liquidation.md',
      'liquidate --yes paper:sim:main --symbol AAPL,MSFT --reason "earnings leaked"',
      'liquidate --market',
      'liquidate --watch --wait 600',
      'liquidate --stop --reason "false alarm"',
    ],
  )
    .option('--yes <account>', 'close it: the name of the account, typed as "liquidate" shows it')
    .option('--reason <text>', 'why; kept in the journal')
    .addOption(
      new Option('--symbol <symbols>', 'only these, with commas between; each must be held or open').argParser(
        (text: string) => text.split(',').map((one) => one.trim()),
      ),
    )
    .option('--market', 'allow orders without a limit, also without a fresh quote')
    .addOption(new Option('--stop', 'stop it: stops come back for what is still held').conflicts(['yes', 'market']))
    .addOption(new Option('--watch', 'follow the one that runs').conflicts(['yes', 'stop']))
    .option('--wait <seconds>', 'how long to follow it', wholeNumber(0, 86_400), 300)
    .option('--report <file>', 'write it down as Markdown')
    .action(run(liquidation, 'liquidate'))
  command(
    program,
    'acknowledge',
    'Say that you have seen an alert: nobody further is told of it. It stays open until it is closed.',
    ['acknowledge FROZEN:AAPL'],
  )
    .argument('<task>', 'its id, as `tasks` lists it')
    .action(run(safety, 'acknowledge'))
  const tasks = command(program, 'tasks', 'List what only a person can settle.', [
    'tasks',
    'tasks close T-7 --note "fill confirmed by phone"',
  ]).action(run(safety, 'tasks'))
  command(tasks, 'close', 'Close a task, with what was done.', ['tasks close T-7 --note "fill confirmed by phone"'])
    .argument('<task>', 'its id')
    .requiredOption('--note <text>', 'what was done')
    .action(run(safety, 'closeTask'))
  command(
    program,
    'take-in',
    'Take the broker’s count of a position as ours, when the books differ and the reason is known. Nothing is sent.',
    [
      'take-in AAPL --reason "split of two for one"',
      'take-in KO --reason "transfer from another account" --price 86.50',
    ],
  )
    .argument('<symbol>', 'such as AAPL')
    .requiredOption('--reason <text>', 'why they differ; kept in the journal')
    .option('--price <price>', 'what a unit is booked at; the last quote when left out')
    .action(run(safety, 'takeIn'))
  command(program, 'reconcile', 'Compare our book with the broker’s now.', ['reconcile']).action(
    run(safety, 'reconcile'),
  )

  // --- who must say yes
  const must = command(program, 'approvals', 'Show who must say yes to what, and which strategies are armed.', [
    'approvals',
  ]).action(run(approvals, 'approvals'))
  command(must, 'show', 'Show who must say yes to what, and which strategies are armed.', ['approvals show']).action(
    run(approvals, 'approvals'),
  )
  command(must, 'statistics', 'Show how approvals went: how many, how fast, by whom, and how many nobody decided.', [
    'approvals statistics',
    'approvals statistics --since 2026-11-01T00:00:00Z',
  ])
    .option('--since <time>', 'only what was asked from this time on, RFC 3339 (default: chosen by the gateway)')
    .action(run(approvals, 'statistics'))
  command(
    must,
    'arm',
    'Let the orders of one strategy go without a person: on paper only, within bounds, until a time, a halt or a restart.',
    ['approvals arm breakout --symbol AAPL MSFT --max-notional 500 --max-count 5 --minutes 120'],
  )
    .argument('<strategy>', 'its id, as its signals name it')
    .requiredOption('--symbol <symbol...>', 'the symbols that it may trade')
    .addOption(
      new Option('--max-notional <amount>', 'the most that one order may cost').argParser(amount).makeOptionMandatory(),
    )
    .addOption(
      new Option('--max-count <number>', 'how many orders at most')
        .argParser(wholeNumber(1, 1000))
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--minutes <number>', 'for how long; a day at most').argParser(wholeNumber(1, 1440)).default(60),
    )
    .action(run(approvals, 'arm'))
  command(must, 'disarm', 'Let the orders of an armed strategy wait for a person again.', [
    'approvals disarm breakout',
    'approvals disarm --all',
  ])
    .argument('[strategy]', 'its id, or that of the arming')
    .option('--all', 'all that are armed')
    .action(run(approvals, 'disarm'))
  const policy = must.command('policy').description('The policy as a file.')
  command(policy, 'show', 'Print the policy as a file that can be edited and proposed.', [
    'approvals policy show > policy.yaml',
  ]).action(run(approvals, 'policyShow'))
  command(
    policy,
    'propose',
    'Propose another policy. It holds when those have agreed whom the policy of now asks for; docs/approvals.md tells what may stand in it.',
    ['approvals policy propose policy.yaml --reason "two people above 5,000"'],
  )
    .argument('<file>', 'YAML or JSON; - reads standard input')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'policyPropose'))
  const risk = command(
    program,
    'limits',
    'Show what the account may risk, and how much of each limit is used now. A star: the configuration holds it to less.',
    ['limits', 'limits --json', 'limits set maxOrderNotional 2500 --reason "a quiet week"'],
  ).action(run(limits, 'limits'))
  command(risk, 'show', 'Show what the account may risk, and how much of each limit is used now.', [
    'limits show',
  ]).action(run(limits, 'limits'))
  command(risk, 'history', 'List who changed the limits, when, why, and who agreed.', ['limits history']).action(
    run(limits, 'limitsHistory'),
  )
  command(
    risk,
    'set',
    'Propose other figures. Tighter ones hold at once; looser ones wait for another person, and hold from the next trading day on that is eight hours away.',
    [
      'limits set maxOrderNotional 2500 --reason "a quiet week"',
      'limits set maxOrderNotional --soft 1500 --reason "look twice above this"',
      'limits set dayLoss=1% maxOrdersPerDay=50 maxOrderQty=none --reason "as agreed on Monday"',
    ],
  )
    .argument('<limit...>', 'its name and its value (a number, 5% of a share, or none), or several as NAME=VALUE')
    .option('--soft <value>', 'beyond this an order asks for one level more; none: nowhere')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(limits, 'limitsSet'))
  command(risk, 'allow', 'Propose the only symbols that may be traded; all: any.', [
    'limits allow AAPL MSFT --reason "the pilot"',
    'limits allow all --reason "the pilot is over"',
  ])
    .argument('<symbol...>', 'these and no others, or all')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(limits, 'limitsAllow'))
  command(
    risk,
    'waive',
    'Propose that one refused order may be beyond its limits, once. Another person must agree with a passkey within ten minutes; it then waits for its ordinary approval under a name of its own.',
    ['limits waive sig-20261124-0007 --reason "closes the hedge of yesterday"'],
  )
    .argument('<intent>', 'the one that was refused')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(waivers, 'waive'))
  command(risk, 'restrict', 'Keep symbols from being traded, at once, whatever else is allowed.', [
    'limits restrict GME --reason "earnings tonight"',
  ])
    .argument('<symbol...>', 'such as GME')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(limits, 'limitsRestrict'))
  command(risk, 'unrestrict', 'Propose that symbols may be traded again.', [
    'limits unrestrict GME --reason "earnings are out"',
    'limits unrestrict all --reason "all of it is over"',
  ])
    .argument('<symbol...>', 'these, or all that are restricted')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(limits, 'limitsUnrestrict'))
  const ideas = command(
    program,
    'strategies',
    'List the strategies that people have described, and how each is sized.',
    ['strategies', 'strategies describe trend --size risk:0.5% --reason "half of the usual risk"'],
  ).action(run(strategies, 'strategies'))
  command(ideas, 'list', 'List the strategies that people have described.', ['strategies list --json']).action(
    run(strategies, 'strategies'),
  )
  command(ideas, 'show', 'Show the card of one strategy.', ['strategies show trend'])
    .argument('<strategy>', 'its name')
    .action(run(strategies, 'strategyShow'))
  command(
    ideas,
    'describe',
    'Propose what is said of a strategy, or how its orders are sized. Another person must agree. What is left out stays.',
    [
      'strategies describe trend --goal "Buys pullbacks in an up-trend" --inputs "Daily bars" --limits "Three positions" --owner Ana --stop-when "Three losses in a row" --reason "before the pilot"',
      'strategies describe trend --size volatility:0.5%,2 --reason "calmer in wild markets"',
      'strategies describe trend --size budget --reason "as before"',
    ],
  )
    .argument('<strategy>', 'its name, as its signals carry it')
    .option('--goal <text>', 'what it is to earn, and from what')
    .option('--inputs <text>', 'what it looks at')
    .option('--limits <text>', 'what it keeps to by itself')
    .option('--owner <text>', 'who answers for it')
    .option('--stop-when <text>', 'what makes whoever watches it stop it')
    .option('--size <sizing>', `how large its orders are at most: ${SIZINGS.join(', ')}`)
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(strategies, 'strategyDescribe'))
  const rollout = command(
    program,
    'stages',
    'Show how far the account has come, and what is missing for the next stage.',
    ['stages', 'stages --json', 'stages promote S2 --symbols AAPL MSFT --reason "twenty quiet days"'],
  ).action(run(stages, 'stages'))
  command(rollout, 'show', 'Show the stage of the account, and what is missing for the next one.', [
    'stages show',
  ]).action(run(stages, 'stages'))
  command(rollout, 'history', 'List how the account came to its stage: who took it further, and what took it back.', [
    'stages history',
  ]).action(run(stages, 'stagesHistory'))
  command(
    rollout,
    'promote',
    'Propose the next stage. It takes another person with a passkey, and everything that is to be shown; never during market hours.',
    [
      'stages promote S1 --reason "five days without a crash"',
      'stages promote S2 --symbols AAPL MSFT --limit maxOrderNotional=250 --reason "twenty quiet days"',
    ],
  )
    .argument('<stage>', 'the next one: S1 paper, S2 pilot, S3 limited, S4 live')
    .option('--symbols <symbol...>', 'the only symbols that may be traded in it; those of now when left out')
    .option('--limit <limit...>', 'limits that begin tighter than the stage does, as NAME=VALUE')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(stages, 'stagesPromote'))
  command(
    rollout,
    'agree-build',
    'Propose that the build which runs may trade in the stage of now: a live account trades with no other.',
    ['stages agree-build --reason "0.2.1, tried on paper for a week"'],
  )
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(stages, 'stagesAgreeBuild'))
  const rehearsal = command(
    program,
    'drill',
    'List the emergency procedures, and when each was last rehearsed. The next stage asks for them.',
    ['drill', 'drill hold E1', 'drill attest E3 --passed --note "the desk answered after two minutes"'],
  ).action(run(drills, 'drills'))
  command(rehearsal, 'list', 'List the emergency procedures, and when each was last rehearsed.', [
    'drill list',
    'drill list --json',
  ]).action(run(drills, 'drills'))
  command(
    rehearsal,
    'hold',
    'Hold a drill on paper, measure it and take the result down. E1 halts, and watches for the proof that what was open is canceled; E2 closes all that is held; E8 changes a row in a copy of the journal, which must be found; restore makes a backup, restores it in a folder of its own, and makes the book anew from its journal. After E1 and E2 trading stays halted.',
    ['drill hold E1', 'drill hold E2 --yes paper:sim:main', 'drill hold E8', 'drill hold restore'],
  )
    .argument('<drill>', 'E1, E2, E8 or restore')
    .option('--yes <account>', 'E2 only: the account whose positions are closed')
    .option('--reason <text>', 'kept with the halt', 'a drill')
    .option('--wait <seconds>', 'how long the proof may take', wholeNumber(0, 3600), 60)
    .action(run(drills, 'drillHold'))
  command(
    rehearsal,
    'attest',
    'Take down a drill that no program measures: who rehearsed it, what was done, and what came of it.',
    [
      'drill attest E3 --passed --note "the desk answered after two minutes, and knew the account"',
      'drill attest E7 --failed --at 2026-11-24T15:00:00Z --minutes 40 --note "the second key was in nobody’s list"',
    ],
  )
    .argument('<drill>', 'E1 to E14, or restore')
    .option('--passed', 'it went as the page says')
    .option('--failed', 'it did not')
    .option('--at <moment>', 'when it began, such as 2026-11-24T15:00:00Z; it has just ended when left out')
    .option('--minutes <minutes>', 'how long it took', wholeNumber(1, 1440), 10)
    .requiredOption('--note <text>', 'what was done, and what came of it')
    .action(run(drills, 'drillAttest'))
  const changes = command(program, 'changes', 'List proposed changes of the policy, of limits, people and passkeys.', [
    'changes',
  ]).action(run(approvals, 'changes'))
  command(changes, 'list', 'List proposed changes, newest first.', ['changes list', 'changes list --state Waiting'])
    .addOption(new Option('--state <state>', 'only this state').choices(['Waiting', 'Applied', 'Declined', 'Lapsed']))
    .action(run(approvals, 'changes'))
  command(changes, 'show', 'Show one change, and who said yes to it.', ['changes show chg_k3xm9t2vc0qe'])
    .argument('<change>', 'its id')
    .action(run(approvals, 'showChange'))
  command(changes, 'approve', 'Show one change and say yes to exactly that.', [
    'changes approve chg_k3xm9t2vc0qe',
    'changes approve chg_k3xm9t2vc0qe --yes --fingerprint d02c-ec62',
  ])
    .argument('<change>', 'its id')
    .option('--yes', 'do not ask')
    .option('--fingerprint <text>', 'refuse unless the change has this fingerprint, the one you looked at')
    .option('--reason <text>', 'kept with the decision')
    .action(run(approvals, 'approveChange'))
  command(changes, 'decline', 'Say no to a change.', ['changes decline chg_k3xm9t2vc0qe --reason "not before Friday"'])
    .argument('<change>', 'its id')
    .requiredOption('--reason <text>', 'kept with the decision')
    .action(run(approvals, 'declineChange'))

  // --- people and programs
  const people = command(program, 'people', 'List people and what they may do.', ['people']).action(
    run(approvals, 'people'),
  )
  command(people, 'list', 'List people and what they may do.', ['people list']).action(run(approvals, 'people'))
  command(
    people,
    'roles',
    'Propose other roles for a person. What only takes power away holds at once, everything else when others agree.',
    ['people roles ben trader approver --reason "covers the evenings"'],
  )
    .argument('<person>', 'name or id')
    .argument('<role...>', 'all roles that they shall have: trader, approver, risk, operator, admin, auditor')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'giveRoles'))
  command(
    people,
    'confirm',
    'Propose to count somebody new as a person of their own: before, they give one click, and no second yes and no passkey.',
    ['people confirm ben --reason "met him, it is him"'],
  )
    .argument('<person>', 'name or id')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'confirm'))
  command(people, 'disable', 'Keep a person out, at once and on every device.', [
    'people disable ben --reason "has left"',
  ])
    .argument('<person>', 'name or id')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'disable'))
  command(people, 'enable', 'Propose to let a person in again.', ['people enable ben --reason "is back"'])
    .argument('<person>', 'name or id')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'enable'))
  command(
    people,
    'revoke-passkey',
    'Propose to revoke a passkey of somebody else, such as one that was lost. It holds when others agree.',
    ['people revoke-passkey ben laptop --reason "left in a train"'],
  )
    .argument('<person>', 'name or id')
    .argument('<passkey>', 'its id or the name that they gave it')
    .requiredOption('--reason <text>', 'kept with the change')
    .action(run(approvals, 'revokePasskeyOf'))
  const own = command(program, 'access', 'Show your passkeys, linked chats and sessions.', ['access']).action(
    run(access, 'access'),
  )
  command(own, 'show', 'Show your passkeys, linked chats and sessions.', ['access show']).action(run(access, 'access'))
  command(own, 'link-code', 'Make a one-time code that ties your user in Slack or Teams to you.', [
    'access link-code',
  ]).action(run(access, 'linkCode'))
  command(
    own,
    'unlink',
    'Untie a chat user or an account that signs you in, at once; it takes the sessions that it opened along.',
    ['access unlink slack:T0JAX:U0ANA'],
  )
    .argument('<link>', 'its id, from "access show"')
    .action(run(access, 'unlink'))
  command(own, 'revoke-passkey', 'Revoke one of your passkeys, at once.', ['access revoke-passkey laptop'])
    .argument('<passkey>', 'its id or your name for it')
    .action(run(access, 'revokePasskey'))
  command(program, 'login', 'Sign in on this machine with a one-time code.', ['login k3xm-9t2v-c0qe-7hzw --name ana'])
    .argument('<code>', 'printed at start, or made by "signin-link"')
    .requiredOption('--name <name>', 'who you are')
    .action(run(access, 'login'))
  command(program, 'logout', 'End the session of this machine.', ['logout']).action(run(access, 'logout'))
  command(program, 'whoami', 'Show who is signed in here.', ['whoami']).action(run(access, 'whoami'))
  command(program, 'signin-link', 'Make a one-time link and code for the dashboard.', [
    'signin-link',
    'signin-link --for ben',
  ])
    .option('--for <name>', 'who alone may use it; without it, whoever has it signs in under any name')
    .action(run(access, 'signinLink'))
  const tokens = command(program, 'tokens', 'List, make and revoke tokens of programs.', ['tokens list']).action(
    run(access, 'tokens'),
  )
  command(tokens, 'list', 'List the tokens.', ['tokens list']).action(run(access, 'tokens'))
  command(tokens, 'add', 'Make a token. It is shown once.', [
    'tokens add jax-2',
    'tokens add reader --scope orders:read',
  ])
    .argument('<name>', 'what it is for')
    .option('--scope <scope...>', 'what it may do (default: what an assistant needs)')
    .option('--owner <person>', 'who answers for it, and may not approve what it asks for')
    .action(run(access, 'addToken'))
  command(tokens, 'revoke', 'Revoke a token, at once.', ['tokens revoke 8f3k2m1p'])
    .argument('<token>', 'its id')
    .action(run(access, 'revokeToken'))

  // --- proof and repair
  const audit = program.command('audit').description('Prove what happened.')
  command(
    audit,
    'verify',
    'Check the journal: no row changed, missing, added or out of order, and nothing older put back; and that each order that was sent has the yes that it takes. Needs neither the service nor its keys.',
    [
      'audit verify',
      'audit verify --export ./evidence',
      'audit verify --passkeys ./passkeys.txt',
      'audit verify --key "jax-exec/k3xm9t2vc0qe+1f0a9c3b+AVf…"',
    ],
  )
    .option('--export <folder>', 'check an export instead of the database')
    .option('--key <text>', 'verifier key that was noted at set-up (default: the one beside the journal)')
    .option('--passkeys <file>', 'fingerprints that were noted elsewhere, one a line: no other passkey counts')
    .action(run(records, 'verifyAudit'))
  command(
    audit,
    'export',
    'Write the journal, its checkpoints and the public key into a folder that anybody can check.',
    ['audit export ./evidence'],
  )
    .argument('<folder>', 'made when missing')
    .action(run(records, 'exportAudit'))
  command(
    audit,
    'head',
    'Print size, hash and root of the journal: note them elsewhere, and nobody can rewrite it unseen.',
    ['audit head'],
  ).action(run(records, 'auditHead'))
  const review = program.command('controls').description('Review everything that holds the account to its rules.')
  command(
    review,
    'report',
    'Tell what was in force, what it stopped, who changed it and who may, for a year or any other period. Works with the service stopped.',
    [
      'controls report',
      'controls report --html ./controls-2026.html',
      'controls report --from 2026-10-01 --to 2027-01-01 --json',
    ],
  )
    .option('--from <day>', 'from this day on, in New York (default: a year before the end)')
    .option('--to <day>', 'until this day begins (default: now)')
    .option('--html <file>', 'write it as a page that prints on A4; the file must not exist yet')
    .action(run(controls, 'controlsReport'))
  command(
    review,
    'reviewed',
    'Say that you have read the report, and what you make of it. Due once a year; after 400 days a live account opens nothing.',
    ['controls reviewed --note "Two limits tightened; drills are up to date."'],
  )
    .requiredOption('--note <text>', 'what was found, kept for ever')
    .action(run(controls, 'controlsReviewed'))
  command(
    program,
    'surveillance',
    'Show what the orders of a day look like to whoever watches over markets: messages for each fill, layers, the close, crosses.',
    ['surveillance', 'surveillance --day 2026-11-24 --json'],
  )
    .option('--day <day>', 'in New York (default: today)')
    .action(run(controls, 'surveillance'))
  const views = program.command('views').description('The tables that are folded from the journal.')
  command(views, 'rebuild', 'Fold the tables from the journal anew. Needs the service stopped, unless --check.', [
    'views rebuild --check',
    'views rebuild',
  ])
    .option('--check', 'only compare with what is stored, on a copy')
    .action(run(records, 'rebuildViews'))
  command(
    program,
    'backup',
    'Write a copy of the database, while the service runs or not. Keys and tokens are not in it.',
    ['backup ./jax-2026-11-24.backup'],
  )
    .argument('<file>', 'must not exist yet')
    .action(run(records, 'backup'))
  command(
    program,
    'restore',
    'Put a backup in place of the database. Needs the service stopped; it starts halted afterwards.',
    ['restore ./jax-2026-11-24.backup'],
  )
    .argument('<file>', 'made by "backup"')
    .option('--yes', 'do not ask')
    .option(
      '--accept-loss',
      'also when the backup lacks rows that were signed: they are lost, and the anchors are put aside',
    )
    .action(run(records, 'restore'))

  // --- configuration
  const config = program.command('config').description('The configuration.')
  command(
    config,
    'check',
    'Check the configuration and print every setting with its value and where it comes from. Secrets stay hidden.',
    ['config check', 'config check --config ./jax-exec.yaml'],
  ).action(run(gateway, 'checkConfig'))
  command(config, 'show', 'Print every setting as a configuration file.', ['config show > jax-exec.yaml']).action(
    run(gateway, 'showConfig'),
  )
  return program
}

/** The examples of each command that does something by itself, as its help shows them. */
const EXAMPLES = new WeakMap<Command, readonly string[]>()
/** Empty for a command that only groups others. */
export const examplesOf = (command: Command): readonly string[] => EXAMPLES.get(command) ?? []

/** One command with its examples below its help. */
function command(parent: Command, name: string, description: string, examples: readonly string[]): Command {
  const made = parent.command(name).description(description)
  const lines = examples.map((line) => (line.includes('jax-exec') ? line : `jax-exec ${line}`))
  EXAMPLES.set(made, lines)
  return made.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

const chat = (command: Command, port: number): Command =>
  command
    .addOption(
      new Option('--port <number>', 'port to listen on; 0 takes any free one')
        .argParser(wholeNumber(0, 65_535))
        .default(port),
    )
    .option('--gateway <address>', 'where the gateway listens: clicks go there', 'http://127.0.0.1:7070')
    .option('--write-config <file>', 'write a configuration that uses it, and its secrets beside it')
const list = (command: Command): Command =>
  command
    .option('--symbol <symbol>', 'only this symbol')
    .option('--intent <id>', 'only of this intent')
    .option('--from <time>', 'only from this time on, RFC 3339')
    .option('--to <time>', 'only before this time, RFC 3339')
    .option('--csv', 'print CSV')
    .addOption(limit())
/** Of the whole account, never of a part of it. */
const whole = (flag: string, description: string): Option =>
  new Option(flag, description).conflicts(['symbol', 'strategy'])
const scoped = (kind: string, description: string): Option => new Option(`--${kind} <name>`, description)
const limit = (): Option =>
  new Option('--limit <number>', 'how many at most').argParser(wholeNumber(1, 100_000)).default(50)

function wholeNumber(from: number, to: number) {
  return (text: string): number => {
    const n = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (n >= from && n <= to) return n
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  }
}

/** In a hurry nobody should be told that it is a capital letter. */
function haltLevel(text: string): HaltLevel {
  const level = HALT_LEVELS.find((each) => each === text.toUpperCase())
  if (level !== undefined) return level
  throw new InvalidArgumentError(`It must be one of ${HALT_LEVELS.join(', ')}.`)
}
function amount(text: string): Amt {
  const parsed = parseDecimal(text)
  if (parsed.ok && gt(parsed.value, ZERO)) return parsed.value as Amt
  throw new InvalidArgumentError('It must be an amount above 0, such as 25000.00.')
}
function share(text: string): number {
  const n = /^0?\.\d{1,6}$|^0$/.test(text) ? Number(text) : Number.NaN
  if (n >= 0 && n <= 0.5) return n
  throw new InvalidArgumentError('It must be a share from 0 to 0.5, such as 0.05 for one request in twenty.')
}

/** Runs one exported function of a command file: its arguments first, then its options. */
function run<M extends Record<K, Run>, K extends string>(load: () => Promise<M>, name: K) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const args = given.slice(0, -2)
    const act = (await load())[name] as unknown as (ctx: Context, ...args: unknown[]) => Promise<void>
    try {
      await act(contextOf(command.optsWithGlobals<GlobalOptions>()), ...args, command.opts())
    } catch (error) {
      throw error instanceof ProblemAnswer ? new ProblemAnswer(asTyped(command, error.problem)) : error
    }
  }
}
