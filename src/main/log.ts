import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import pino from 'pino'
import { harmless, paint } from './print.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'
export type Log = Readonly<Record<Level, (fields: object, text: string) => void>>

/** A log of this size is put aside, and one older is kept: whoever asks without end must not fill the disk of the journal. */
const ROTATE_BYTES = 20 * 1024 * 1024

/** Bearer tokens, sessions and one-time codes in an address, wherever in a line they stand. */
const SECRETS = /\b(jaxs?_(?:[a-z]+_[0-9a-z]{8}_)?)[\w-]{20,}|(#code=)[\w-]+/g
const FIELDS = [
  'token',
  'code',
  'session',
  'secret',
  'authorization',
  'cookie',
  '*.token',
  '*.code',
  '*.secret',
  '*.authorization',
  '*.cookie',
  'headers.authorization',
]

/** A line without any secret in it. What remains tells which token it was, not what it is. */
export const scrub = (line: string): string =>
  line.replace(SECRETS, (_, token: string | undefined, code: string | undefined) => `${token ?? code ?? ''}[hidden]`)

export type OpenedLog = Log & { close(): void }

/**
 * Writes JSON lines to `file` (0600), and warnings to `console` as a sentence.
 * @param console null for silence.
 */
export function openLog(file: string, level: Level, console: NodeJS.WritableStream | null): OpenedLog {
  const open = (): number => openSync(file, 'a', 0o600)
  let bytes = existsSync(file) ? statSync(file).size : 0
  let disk: number | null = open()
  let lost = 0
  // A full disk must not end the gateway by its log, nor hold up its end: what it does not take is counted, and warnings
  // are told on the console all the same.
  const append = (line: string): void => {
    try {
      disk ??= open()
      if (lost > 0)
        writeSync(disk, `${JSON.stringify({ level: 'warn', lost, msg: 'lines that the disk did not take' })}\n`)
      lost = 0
      writeSync(disk, line)
    } catch {
      lost++
    }
  }
  let isClosed = false
  const write = (line: string): void => {
    if (isClosed) return
    if (bytes > ROTATE_BYTES) {
      try {
        renameSync(file, `${file}.1`)
        if (disk !== null) closeSync(disk)
        disk = null
      } catch {
        // Where somebody holds a file open that cannot be: it grows by as much again before the next try.
      }
      bytes = 0
    }
    bytes += Buffer.byteLength(line)
    append(line)
  }
  const streams = pino.multistream([
    { level, stream: { write: (line: string) => write(scrub(line)) } },
    ...(console === null
      ? []
      : [{ level: 'warn' as const, stream: { write: (line: string) => void console.write(sentence(scrub(line))) } }]),
  ])
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: FIELDS, censor: '[hidden]' },
    },
    streams,
  )
  return {
    debug: (fields, text) => log.debug(fields, text),
    info: (fields, text) => log.info(fields, text),
    warn: (fields, text) => log.warn(fields, text),
    error: (fields, text) => log.error(fields, text),
    close: () => {
      if (disk !== null && !isClosed) closeSync(disk)
      isClosed = true
    },
  }
}

/** `warning: text (field: value)`, for the console. */
function sentence(line: string): string {
  const { level, msg, time: _, ...fields } = JSON.parse(line) as Record<string, unknown>
  const facts = Object.entries(fields).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value.split('\n')[0] : JSON.stringify(value)}`,
  )
  const word =
    level === 'warn' ? paint('yellow', 'warning', process.stderr) : paint('red', String(level), process.stderr)
  return `${word}: ${harmless(String(msg))}${facts.length === 0 ? '' : ` (${harmless(facts.join(', '))})`}\n`
}
