import { shortest } from '../../values/decimal.ts'
import { LIES } from '../../markets/lies.ts'
import { INSTRUMENTS } from '../../markets/listing.ts'

/** docs/brokers/sim.md, from the tables that the broker itself runs on. */
export function simPage(): string {
  const honest = [...INSTRUMENTS.values()].filter((i) => !Object.hasOwn(LIES, i.symbol))
  return `# The simulated broker

\`sim\` is built in, needs no account and no key, and trades play money. Its book lives in a file of its own in the data directory and survives a kill, as a real broker's would. Its market is seeded (the same seed gives the same prices) or repeats recorded one-minute bars. The settings are in [configuration.md](../configuration.md#sim).

## What it trades

| symbol | name | class | quoted in | tick | lot |
|---|---|---|---|---|---|
${honest.map((i) => `| \`${i.symbol}\` | ${i.name} | ${i.assetClass} | ${i.currency} | ${i.ticks.map(({ from, tick }) => (i.ticks.length > 1 ? `${shortest(tick)} from ${shortest(from)}` : shortest(tick))).join(', ')} | ${shortest(i.lot)} |`).join('\n')}

## Symbols that lie on purpose

Each misbehaves in one way, every time, so that every failure can be played by hand. All trade around 100.00 and can be sized, approved and traded like any other:

\`\`\`sh
npx jax-exec signal --symbol SIM.DROP-REPLY --side BUY
\`\`\`

| symbol | what you will see |
|---|---|
${Object.entries(LIES)
  .map(([symbol, { about }]) => `| \`${symbol}\` | ${about} |`)
  .join('\n')}

## Recorded bars

\`\`\`sh
npx jax-exec replay AAPL_bars.csv --speed 60
\`\`\`

The file has the columns \`date,open,high,low,close,volume\`, one line a minute, times in UTC; the symbol is the file's name up to the first \`_\` or \`.\`. What is traded in a day is the mean of the recorded days that are over; on the first of them, that day itself. Each bar becomes a path of ticks, an hour without bars ends the session, and the clock skips the night. Every duration that is a person's, such as the time to decide, is stretched by the speed.
`
}
