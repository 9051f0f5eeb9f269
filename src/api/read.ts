import { z } from 'zod'
import { Numeral, parseJson } from '../values/json.ts'
import { err, ok, type Result } from '../values/result.ts'
import { didYouMean } from './hint.ts'
import { type Answer, problem } from './problem.ts'
import { isForms, type Route } from './route.ts'

type Fault = { readonly path: string; readonly message: string }
/** More would help nobody, and would let a small request make a large answer. */
const FAULTS_MAX = 50

/** The parsed JSON of a body; undefined when it is empty. */
export function readBody(bytes: Uint8Array): Result<unknown, Answer> {
  if (bytes.length === 0) return ok(undefined)
  let source: string
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return err(problem('BAD_JSON', 'The body is not valid UTF-8. Send JSON as UTF-8 text.'))
  }
  const parsed = parseJson(source)
  if (parsed.ok) return parsed
  const { line, column } = parsed.error
  const message = parsed.error.message.slice(0, 200).replace(/\.+$/, '')
  return err(
    problem('BAD_JSON', `Line ${line}, column ${column}: ${message}.`, {
      errors: [{ path: '$', message: `line ${line}, column ${column}: ${message}` }],
    }),
  )
}

export type Parts = { readonly params: unknown; readonly query: unknown; readonly body: unknown }

/**
 * Checks the three parts of a request against the schemas of its route and tells everything that is wrong at once.
 * Paths are `$.field` in the body, `query.name` and `path.name` in the address.
 */
export function readRequest(route: Route, raw: Parts): Result<Parts, Answer> {
  const faults: Fault[] = []
  const params = part(route.params, raw.params, 'path', faults)
  const query = part(route.query ?? NO_QUERY, raw.query, 'query', faults)
  const body = bodyPart(route, raw.body, faults)
  const [first] = faults
  if (!first) return ok({ params, query, body })
  const errors = faults.slice(0, FAULTS_MAX)
  const more = faults.length - 1
  return err(
    problem(
      'INVALID_REQUEST',
      `${first.path} ${first.message}${more > 0 ? ` (and ${more} more ${more === 1 ? 'problem' : 'problems'})` : ''}. Nothing was recorded.`,
      { errors },
    ),
  )
}

const NO_QUERY = z.strictObject({})

function part(schema: z.ZodType | undefined, raw: unknown, where: string, faults: Fault[]): unknown {
  if (!schema) return undefined
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  faults.push(...faultsOf(result.error, schema, where))
  return undefined
}

function bodyPart(route: Route, raw: unknown, faults: Fault[]): unknown {
  if (route.body === undefined) return undefined
  const body = raw ?? Object.create(null)
  if (typeof body !== 'object' || Array.isArray(body) || body instanceof Numeral) {
    faults.push({ path: '$', message: 'must be a JSON object' })
    return undefined
  }
  const fields = body as Readonly<Record<string, unknown>>
  if (!isForms(route.body)) return part(route.body, fields, '$', faults)
  const form = route.body.pick(fields)
  const schema = form === null ? undefined : route.body.forms[form]
  if (!schema) {
    faults.push({ path: '$', message: route.body.none })
    return undefined
  }
  const parsed = part(schema, fields, '$', faults)
  // A field that is wrong by itself is told once.
  const told = new Set(faults.map((fault) => fault.path))
  for (const { path, message } of route.body.across(fields))
    if (!told.has(`$.${path}`)) faults.push({ path: `$.${path}`, message })
  return parsed
}

const knownFields = (schema: z.ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

function faultsOf(error: z.ZodError, schema: z.ZodType, where: string): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    if (issue.code === 'unrecognized_keys') {
      // Inside a field there is no schema at hand to guess by.
      const known = issue.path.length === 0 ? knownFields(schema) : []
      return issue.keys.map((key) => ({
        path: [where, ...issue.path.map((step) => named(String(step))), named(key)].join('.'),
        message: `is not a field of this request${didYouMean(key, known)}`,
      }))
    }
    return [{ path: [where, ...issue.path.map((step) => named(String(step)))].join('.'), message: issue.message }]
  })
}

/** A field's name as it may be shown: whoever asks chooses it. */
const named = (key: string): string =>
  /^[\w.:-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64)).replace(/[^\x20-\x7e]/g, '?')
