import { CONTROLS, type Control, type Place } from './controls.ts'
import { PLANTED } from './planted.ts'

const PARTS: readonly (readonly [letter: string, title: string])[] = [
  ['P', 'Before a trade'],
  ['R', 'While trading'],
  ['A', 'Afterwards, changes and organisation'],
]
const BY: Readonly<Record<Control['state'], string>> = {
  there: 'there',
  'in part': '**in part**',
  'not yet': '**not yet**',
}

const cell = (lines: readonly string[]): string => (lines.length === 0 ? '—' : lines.join('<br>'))
const code = (text: string): string => `\`${text}\``
const linked = (file: string): string => `[${file.replace(/^src\//, '')}](../${file})`

/** Each file once, however much of it is meant. */
const files = (places: readonly Place[]): string[] => [...new Set(places.map(([file]) => linked(file)))]
/** Words that only find a place are no title. */
const tests = (places: readonly Place[]): string[] =>
  places.map(([file, words]) => (words === undefined || words === 'it(' ? linked(file) : `${linked(file)}: ${words}`))

const row = (one: Control): string =>
  `| ${[
    `**${one.id}** ${one.name}`,
    BY[one.state],
    cell(files(one.code)),
    cell(one.parameters.map(code)),
    cell(one.answers.map(code)),
    cell(tests(one.tests)),
    cell(tests(one.also ?? [])),
    cell(PLANTED.filter(({ control }) => control === one.id).map(({ name }) => name)),
    [one.missing, one.note].filter((text) => text != null).join(' ') || '—',
  ].join(' | ')} |`

/** The page docs/controls.md. */
export function generate(): string {
  const count = (state: Control['state']): number => CONTROLS.filter((one) => one.state === state).length
  const parts = PARTS.flatMap(([letter, title]) => [
    `## ${title}`,
    [
      '| control | state | code | parameters | what it says | held by | and by | taken out | what is missing |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      ...CONTROLS.filter(({ id }) => id.startsWith(letter)).map(row),
    ].join('\n'),
  ])
  return `${[
    `# Controls

What regulators, brokers and accidents of others ask of a gateway that sends orders by itself, row by row: which of it is
built in, where, what it says when it acts, and which tests hold it. Not legal advice: most of the rules bind brokers and
firms, and are kept here because they say what has gone wrong before.

Of ${CONTROLS.length} controls ${count('there')} are there, ${count('in part')} in part, and ${count('not yet')} not yet. *In part* says in its last column what is missing. What a limit
means and who may change it is in [limits.md](limits.md); every refusal in [refusals.md](refusals.md), and
what stops trading or calls people by itself in [monitoring.md](monitoring.md).

*Taken out*: that part is taken out of the code, one at a time, and the tests beside it in
[planted.ts](../test/controls/planted.ts) must fail. Every test under *held by* is among these; those under *and by* run too,
in processes of their own or of what must still work. \`npm test\` does it each time; \`npm run controls:planted\` prints what noticed what.`,
    ...parts,
  ].join('\n\n')}\n`
}
