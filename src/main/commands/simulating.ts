// What the simulators have in common on the command line: a port, a configuration to trade with, an end.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { Stop } from '../exit.ts'

/** Resolves when somebody asks it to stop. */
export const untilStopped = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done())
  })

/** @throws {Stop} BUSY when the port is taken. */
export async function onPort<T>(port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    throw new Stop('BUSY', `Port ${port} on this machine is in use.`, {
      code: 'EADDRINUSE',
      lines: ['A simulator may still run there. Or choose another one: --port 0 takes any free one.'],
      cause: error,
    })
  }
}

/** `slack-sim` of `there/slack-sim.yaml`: what the files beside it begin with. */
export const nameOf = (file: string): string => basename(file).replace(/\.ya?ml$/, '')

/**
 * Writes a configuration and the secrets beside it, for their owner's eyes. What is there already is kept when it says
 * the same; where the configuration does, it was made here, and its secrets may be made anew.
 * @param secrets file name → what it holds.
 * @returns the path of the configuration.
 * @throws {Stop} DATA when something else stands there.
 */
export function writeSet(named: string, configuration: string, secrets: Readonly<Record<string, string>>): string {
  const file = resolve(named)
  const beside = Object.entries(secrets).map(([name, text]) => [join(dirname(file), name), `${text}\n`] as const)
  const ours = standing(file, configuration) === 'same'
  const files = [...beside, [file, configuration] as const]
  const there = ours ? [] : files.filter(([path, text]) => standing(path, text) === 'other').map(([path]) => path)
  if (there.length > 0)
    throw new Stop(
      'DATA',
      `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already and would be overwritten.`,
      {
        code: 'FILE_EXISTS',
        lines: ['Remove what is not needed any more, or name another file with --write-config.'],
      },
    )
  try {
    mkdirSync(dirname(file), { recursive: true })
    for (const [path, text] of files)
      if (standing(path, text) !== 'same') writeFileSync(path, text, { mode: 0o600, flag: ours ? 'w' : 'wx' })
  } catch (error) {
    throw new Stop('DATA', `The configuration cannot be written: ${(error as Error).message}.`, { cause: error })
  }
  return file
}
/** What a file beside a configuration holds; null when it is not there. */
export const keptBeside = (config: string, name: string): string | null =>
  textOf(join(dirname(resolve(config)), name))?.trim() ?? null
function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
function standing(path: string, text: string): 'nothing' | 'same' | 'other' {
  try {
    return readFileSync(path, 'utf8') === text ? 'same' : 'other'
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT' ? 'nothing' : 'other'
  }
}
