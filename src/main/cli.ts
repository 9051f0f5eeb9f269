import { CommanderError } from 'commander'
import { endingOf } from './ending.ts'
import { EXIT } from './exit.ts'
import { harmless, paint } from './print.ts'
import { buildProgram } from './program.ts'

/** Runs one command line. Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  try {
    await buildProgram().parseAsync([...argv], { from: 'user' })
    return EXIT.DONE.code
  } catch (error) {
    // Commander has printed its own words already; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE.code : EXIT.USAGE.code
    const ending = endingOf(error)
    if (ending === null) {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      return EXIT.FAILED.code
    }
    const lines = [paint('red', harmless(ending.message), process.stderr), ...ending.lines.map(harmless)]
    process.stderr.write(lines.join('\n').concat('\n'))
    if (json)
      process.stdout.write(
        `${JSON.stringify({ error: { code: ending.code, message: ending.message, lines: ending.lines, ...ending.more } }, null, 2)}\n`,
      )
    return EXIT[ending.exit].code
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
