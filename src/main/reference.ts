// The pages docs/configuration.md and docs/cli.md, written from what the program itself checks and parses.
import type { Command, Option } from 'commander'
import { ENVIRONMENT, sectionInfos, type SettingInfo, settingInfos } from './config.ts'
import { EXIT } from './exit.ts'
import { buildProgram, examplesOf } from './program.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const head = (...cells: readonly string[]): string => `${row(...cells)}\n${row(...cells.map(() => '---'))}`
const code = (text: string): string => `\`${text}\``

/** docs/configuration.md */
export function configurationPage(): string {
  const infos = settingInfos()
  const settingRow = (info: SettingInfo): string =>
    row(
      code(info.path.split('.').at(-1) ?? info.path),
      info.default === null ? '—' : code(info.default),
      info.unit ?? '',
      info.meaning,
    )
  const sections = sectionInfos().map(({ section, meaning }) => {
    const mine = infos.filter((info) => info.section === section)
    return `## ${section}\n\n${meaning}\n\n${head('setting', 'default', 'unit', 'meaning')}\n${mine.map(settingRow).join('\n')}`
  })
  return `# Configuration

Everything works without a configuration. To change something, write a file \`jax-exec.yaml\` beside the program (or name
one with \`--config\`), for example:

\`\`\`yaml
${exampleFile()}
\`\`\`

\`jax-exec config check\` checks it and prints every setting with its value and where it comes from; \`jax-exec config show\`
prints a whole file to start from. A mistake is reported with its line and column, all of them at once, and nothing starts.

- Amounts are exact: \`25000.00\` is read as it is written, never as a floating-point number.
- Relative paths are read from the folder of the file.
- Secrets never stand in the file. Write \`file:PATH\` (a file that only you can read) or \`env:NAME\`.
- An option on the command line comes before the environment, the environment before the file, the file before the default.

${head('at the top of the file', 'default', 'unit', 'meaning')}
${infos
  .filter((info) => info.section === null)
  .map(settingRow)
  .join('\n')}

${sections.join('\n\n')}

## Environment variables

${head('variable', 'meaning')}
${ENVIRONMENT.map(({ name, meaning }) => row(code(name), meaning)).join('\n')}
`
}

const exampleFile = (): string => `listen:
  port: 7071

policy:
  riskPerTrade: 0.005        # half a percent of equity between entry and stop
  maxOrderNotional: 5000.00
  allowShort: no`

/** A configuration file that says what holds anyway: a place to start from. */
export function settingsFile(
  values: readonly {
    readonly path: string
    readonly value: string
    readonly unit: string | null
    readonly meaning: string
  }[],
): string {
  const lines: string[] = []
  let open: readonly string[] = []
  for (const { path, value, unit, meaning } of values) {
    const groups = path.split('.')
    const name = groups.pop() ?? path
    for (const [depth, group] of groups.entries())
      if (open[depth] !== group) {
        if (depth === 0) lines.push('')
        lines.push(`${'  '.repeat(depth)}${group}:`)
        open = groups.slice(0, depth + 1)
      }
    open = groups
    const indent = '  '.repeat(groups.length)
    lines.push(`${indent}# ${meaning}${unit === null ? '' : ` Unit: ${unit}.`}`)
    // What has no value of its own is shown, and left to its default.
    lines.push(value.startsWith('(') ? `${indent}# ${name}:` : `${indent}${name}: ${quoted(value)}`)
  }
  return `${lines.join('\n').trim()}\n`
}
/** Text that YAML would read as something else is quoted. */
const quoted = (value: string): string => (/^[\w./-][\w./ -]*$/.test(value) ? value : JSON.stringify(value))

/** docs/cli.md */
export function cliPage(): string {
  const program = buildProgram()
  const commands = leaves(program)
  return `# The command line

\`\`\`
jax-exec [options] <command>
\`\`\`

In a clone, \`npm start\` is \`jax-exec serve\`, and every other command is \`bin/jax-exec.mjs <command>\`. The answer goes to
standard output, everything else to standard error; with \`--json\` the answer is JSON. \`jax-exec help <command>\` shows what
stands here.

Who a command speaks as: \`signal\` uses the assistant's token from the data directory; reading and \`halt\` use the signed-in
person or else this machine's operator token; \`approve\`, \`decline\`, \`resume\`, \`acknowledge\`, \`tasks close\`, \`tokens\`, \`approvals\`, \`changes\`,
\`people\` and \`access\` need a signed-in person (\`jax-exec login\`).

${head('command', 'what it does')}
${commands.map(({ path, command }) => row(`[${code(path)}](#${anchor(path)})`, command.description())).join('\n')}

## Options of every command

${optionTable(program.options)}

${commands.map(commandSection).join('\n\n')}

## Exit codes

${head('code', 'meaning')}
${Object.values(EXIT)
  .map(({ code: number, meaning }) => row(String(number), meaning))
  .join('\n')}
`
}

type Leaf = { readonly path: string; readonly command: Command }

/** Every command that does something by itself, in the order in which they are defined. */
function leaves(parent: Command, path: readonly string[] = []): Leaf[] {
  return parent.commands.flatMap((command) => {
    const here = [...path, command.name()]
    const own = examplesOf(command).length > 0 ? [{ path: here.join(' '), command }] : []
    return [...own, ...leaves(command, here)]
  })
}

const anchor = (path: string): string => path.replaceAll(' ', '-')

function commandSection({ path, command }: Leaf): string {
  const args = command.registeredArguments
    .map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`))
    .join(' ')
  const parts = [
    `## ${path}`,
    command.description(),
    `\`\`\`\njax-exec ${path}${args === '' ? '' : ` ${args}`}${command.options.length === 0 ? '' : ' [options]'}\n\`\`\``,
  ]
  if (command.registeredArguments.length > 0)
    parts.push(
      `${head('argument', 'meaning')}\n${command.registeredArguments.map((argument) => row(code(argument.name()), argument.description)).join('\n')}`,
    )
  if (command.options.length > 0) parts.push(optionTable(command.options))
  parts.push(`Examples:\n\n\`\`\`sh\n${examplesOf(command).join('\n')}\n\`\`\``)
  return parts.join('\n\n')
}
const optionTable = (options: readonly Option[]): string =>
  `${head('option', 'default', 'meaning')}\n${options.map(optionRow).join('\n')}`
function optionRow(option: Option): string {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.map(code).join(', ')})`
  const required = option.mandatory
    ? 'required'
    : option.defaultValue === undefined
      ? ''
      : code(String(option.defaultValue))
  return row(code(option.flags), required, `${option.description}${choices}`)
}
