/**
 * A broken invariant or an unusable world: a bug, an unreadable row, a lost database.
 * Thrown, never returned; whoever catches it stops or backs off and says so.
 */
export class Fault extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}
