/** How a command ended, for scripts. The numbers above 64 are those of sysexits(3). */
export const EXIT = {
  DONE: { code: 0, meaning: 'done' },
  FAILED: { code: 1, meaning: 'it went wrong in a way that no other code describes' },
  USAGE: { code: 2, meaning: 'the command line was not understood' },
  REFUSED: {
    code: 3,
    meaning: 'the gateway understood and refused (limits, halt, decided already); the reasons are printed',
  },
  NOT_FOUND: { code: 4, meaning: 'no such intent, order or symbol' },
  NOT_ALLOWED: { code: 5, meaning: 'not signed in, or not allowed to do this' },
  DIFFERS: { code: 6, meaning: 'a verification found a difference: audit trail, views, backup or a replayed journal' },
  UNAVAILABLE: { code: 69, meaning: 'the service or the broker does not answer' },
  FAULT: { code: 70, meaning: 'the service stopped itself because something that must hold did not' },
  DATA: { code: 74, meaning: 'the data directory, the database or the disk cannot be used' },
  BUSY: { code: 75, meaning: 'the port or the data directory is in use by another process' },
  CONFIG: { code: 78, meaning: 'the configuration has a mistake; each is printed with its line' },
} as const

export type ExitName = keyof typeof EXIT

/** An end of the process that a person or a script can act on: printed as it is, without a stack. */
export class Stop extends Error {
  readonly exit: ExitName
  /** For programs: the same in `--json` output. */
  readonly code: string
  /** Further lines for people: what to do, or every reason. */
  readonly lines: readonly string[]

  constructor(
    exit: ExitName,
    message: string,
    more: { readonly code?: string; readonly lines?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Stop'
    this.exit = exit
    this.code = more.code ?? exit
    this.lines = more.lines ?? []
  }
}
