import type { Json } from '../values/json.ts'

/** Who did it. `session` and `via` say how, so that one person on two channels is still one person. */
export type Actor = {
  readonly type: 'person' | 'agent' | 'system' | 'broker'
  readonly id: string
  readonly via: 'http' | 'cli' | 'web' | 'slack' | 'teams' | 'mcp' | 'worker' | 'file' | 'signal' | 'start'
  readonly session: string | null
}

/** One change, before it has a place in the chain. */
export type Entry = {
  /** What happened, `noun.participle`: `intent.received`, `order.send-started`. */
  readonly action: string
  readonly actor: Actor
  readonly object: { readonly type: string; readonly id: string; readonly rev: number }
  /** The same from the signal to its last fill. */
  readonly corr: string
  readonly data: { readonly [key: string]: Json }
}

/** A journal row as it is hashed: RFC 8785 canonical JSON of this, and nothing else, is what the next row's `prev` commits to. */
export type Row = Entry & {
  readonly v: 1
  /** From 0, gapless. */
  readonly seq: number
  /** RFC 3339 UTC, microseconds. */
  readonly ts: string
  /** One per start of the process: `mono` orders rows of one boot even when the wall clock steps. */
  readonly boot: string
  readonly mono: string
  /** Hex SHA-256 of the previous row's bytes; 64 zeros before the first. */
  readonly prev: string
}
