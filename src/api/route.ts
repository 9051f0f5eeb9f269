import { z } from 'zod'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Instant } from '../values/instant.ts'
import type { Access, Caller } from './access.ts'
import type { Api } from './context.ts'
import type { Answer, ProblemCode } from './problem.ts'

/** A body that comes in several forms: each is documented, `pick` tells which one a request means to be. */
export type Forms<B> = {
  readonly forms: Readonly<Record<string, z.ZodType<B>>>
  /** Name of a form, or null when it is none. */
  readonly pick: (body: Readonly<Record<string, unknown>>) => string | null
  /** What a body of no form is told. */
  readonly none: string
  /** What no single field can know; told together with what is wrong with the fields. */
  readonly across: (body: Readonly<Record<string, unknown>>) => { readonly path: string; readonly message: string }[]
}

export type Call<P, Q, B> = {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly caller: Caller
  readonly now: Instant
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Whether the same credential would still be let in now: for answers that last. */
  readonly stillAllowed: () => Promise<boolean>
}

export type Documented = { readonly description: string; readonly schema: z.ZodType | null; readonly type?: string }

export type Spec<P, Q, B> = {
  /** OpenAPI operationId. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `:param` parts. */
  readonly path: string
  readonly access: Access
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  readonly params?: z.ZodType<P>
  readonly query?: z.ZodType<Q>
  readonly body?: z.ZodType<B> | Forms<B>
  readonly answers: Readonly<Record<number, Documented>>
  /** Codes beyond those that any request can meet. */
  readonly problems?: readonly ProblemCode[]
  readonly examples?: readonly { readonly title: string; readonly path: string; readonly body?: unknown }[]
  /**
   * Honours `Idempotency-Key`: a repeat gets the first answer. Only where doing it twice does harm and nothing else tells
   * that it was done: a halt that was released must halt again, whatever key it comes with.
   */
  readonly remembers?: boolean
  /** Null when the handler has taken the connection over. */
  readonly run: (api: Api, call: Call<P, Q, B>) => Promise<Answer | null>
}
export type Tag =
  | 'Intents'
  | 'Approvals'
  | 'Risk limits'
  | 'Rollout'
  | 'Orders and fills'
  | 'Account and market'
  | 'Halt'
  | 'Tasks and reconciliation'
  | 'Audit and events'
  | 'Access'
  | 'Service'

export type Route = Spec<unknown, unknown, unknown>

/** One row of the route table. The types of its schemas reach its handler, and are forgotten after it. */
export const route = <P = unknown, Q = unknown, B = unknown>(spec: Spec<P, Q, B>): Route => spec as unknown as Route

export const isForms = (body: z.ZodType<unknown> | Forms<unknown>): body is Forms<unknown> =>
  !(body instanceof z.ZodType)

/** Every code a route can answer with, the common ones included. */
export function problemsOf(spec: Route): readonly ProblemCode[] {
  const codes: ProblemCode[] = [
    'INVALID_REQUEST',
    ...(spec.body === undefined
      ? []
      : (['BAD_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'REQUEST_TIMEOUT'] as const)),
    ...(spec.access === 'open' ? [] : (['UNAUTHENTICATED', 'TOO_MANY_ATTEMPTS'] as const)),
    ...(spec.access === 'open' || spec.access === 'signed-in' ? [] : (['FORBIDDEN'] as const)),
    ...(spec.method === 'GET' ? [] : (['CSRF'] as const)),
    ...(remembers(spec) ? (['IDEMPOTENCY_MISMATCH'] as const) : []),
    ...(spec.params === undefined ? [] : (['NOT_FOUND'] as const)),
    'CROSS_ORIGIN',
    'HOST_NOT_ALLOWED',
    'INTERNAL',
    'STORE_FULL',
    'STORE_UNAVAILABLE',
    ...(spec.problems ?? []),
  ]
  return [...new Set(codes)]
}

export const remembers = (spec: Route): boolean => spec.remembers === true
