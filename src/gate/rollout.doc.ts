import { STAGE_TITLES, STAGES, type Stage } from '../orders/stage.ts'
import { defaultsOf } from './limits.ts'
import { DEMOTES, DRILL_VALID_MS, type Need, NEEDS } from './rollout.ts'
import { TRIGGERS, type TriggerName } from './triggers.ts'
import { type Decimal, shortest } from '../values/decimal.ts'

/** The page docs/rollout.md. */
export function generate(): string {
  return `${HEAD}
| stage | sends to | an order at most | open positions | symbols | to leave it |
| --- | --- | --- | --- | --- | --- |
${STAGES.map(row).join('\n')}

${FURTHER}
| trigger | the account goes |
| --- | --- |
${Object.entries(DEMOTES).map(back).join('\n')}
| a difference from the broker that nothing explained, twice (the symbol is frozen) | one stage back |

${TAIL}`
}

const TO: Readonly<Record<Stage, string>> = {
  S0: 'nobody; the built-in broker simulates',
  S1: 'paper accounts',
  S2: 'one live account',
  S3: 'the live account',
  S4: 'the live account',
}

function row(stage: Stage): string {
  const { values, lists } = defaultsOf(stage)
  const figure = (value: Decimal | null): string => (value === null ? '—' : shortest(value))
  const symbols = lists.symbols === null ? 'all' : stage === 'S2' ? '5 at most, named' : '25 at most, named'
  const needs = NEEDS[stage].map(inWords).join('; ') || '—'
  return `| **${stage}** ${STAGE_TITLES[stage]} | ${TO[stage]} | ${figure(values.maxOrderNotional.hard)} | ${figure(values.maxOpenPositions.hard)} | ${symbols} | ${needs} |`
}

function inWords(need: Need): string {
  switch (need.of) {
    case 'sessions':
      return `${need.least} trading days`
    case 'sessions without a crash':
      return `${need.least} trading days since the last crash`
    case 'orders':
      return `${need.least} orders sent`
    case 'comparisons':
      return `${need.least} comparison that found nothing`
    case 'yeses':
      return `${need.least} yeses whose time was measured`
    case 'fills':
      return 'a fill whose slippage was measured'
    case 'drills':
      return `the drill${need.names.length > 1 ? 's' : ''} ${need.names.length > 1 ? `${need.names[0]} to ${need.names.at(-1)}` : need.names[0]}${need.measured === undefined ? '' : ', measured'}`
    case 'breaks':
      return 'no unexplained difference'
    case 'cards':
      return 'a card of each strategy'
    case 'build':
      return 'a build that is known'
    case 'halts':
      return 'nothing halted or frozen'
    case 'review':
      return 'a review of all controls'
  }
}

const back = ([name, how]: [string, string]): string => {
  const { when, control } = TRIGGERS[name as TriggerName]
  return `| \`${name}\` (${control}): ${when} | ${how === 'to paper' ? 'to S1, until people have reviewed it' : 'one stage back'} |`
}

const HEAD = `# Rollout

How an account comes from simulated to live trading: by what it has shown, and by the word of two people. Who trades alone
reaches the pilot with a passkey and no further ([decision 0026](decisions/0026-alone-as-far-as-the-pilot.md)). Written from the
tables in [src/gate/rollout.ts](../src/gate/rollout.ts) and [src/gate/limits.ts](../src/gate/limits.ts).

\`\`\`
jax-exec stages                  # where the account stands, and what is missing
jax-exec stages history          # who took it further, and what took it back
jax-exec stages promote S2 --symbols AAPL MSFT --reason "twenty quiet days"
\`\`\`

The page **Stage** shows the same.
`

const FURTHER = `What is shown is counted from the journal, from the moment that the account came to its stage. A trading day counts when the
account was read on it and agreed with our book; it is read while something waits, works or is held. Saturdays and Sundays
do not count. A crash is a start after a run that did not end by itself. How long people took goes from the price that
they saw to their yes; slippage is what an entry filled worse than that price. A drill counts for ${DRILL_VALID_MS / 86_400_000} days, and only the
latest of its name.

## Further, by people

A promotion is a change of the house like a looser limit ([limits.md](limits.md)): somebody with the role risk proposes
it, another person with the role risk or approver agrees, with a passkey. It names the stage, the build that is to trade
in it, and the limits that begin with it; those are the stage's own or tighter ones, and hold at once. None is made:

- while something of the table above is missing; the answer says what;
- over a stage: after S1 comes S2;
- during market hours, 09:30 to 16:00 in New York from Monday to Friday;
- of a build or limits that have changed since it was proposed.

## Back, by itself
`

const TAIL = `Out of a live stage trading is halted as well (K3, by \`rule A05\`), whatever the trigger itself stops. On paper nobody
falls further than S1: what was shown counts no more, and is begun anew. A demotion loosens nothing: of the limits that
held and those of the lower stage, the stricter hold. It is a task \`DEMOTED\`, and stands in \`stages history\`.

## A live account

A book holds one account, so a live account has a data directory of its own, with keys that the paper one never sees:

\`\`\`yaml
dataDir: /var/lib/jax-live
account:
  environment: live
  broker: alpaca
  promotedFrom: /var/lib/jax-paper
alpaca:
  keyID: file:/etc/jax/live-key-id
  secretKey: file:/etc/jax/live-secret
\`\`\`

At its first start the gateway verifies the journal in \`promotedFrom\` row by row, and that everything in it was agreed to:
what \`jax-exec audit verify\` does. Only then, and only when people have promoted that account to S2, is anything started.
The live account begins at S2, with the limits that were agreed to there. Without it a live account is refused, whatever
the configuration says. Its people come in anew: nobody's yes on paper is a yes to real money.

It trades with the build that people agreed to and with no other (\`BUILD_NOT_AGREED\`); after an update two people look
at it first:

\`\`\`
jax-exec stages agree-build --reason "0.2.1, a week on paper"
\`\`\`

A live account that fell back to S1 opens nothing (\`STAGE_FORBIDS\`); what closes a position still goes. It cannot show
anything by trading, so people review what happened: once nothing is halted or frozen they promote it to S2 again, and
the stages after that are earned again.
`
