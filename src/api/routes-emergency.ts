import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../journal/row.ts'
import { type Api, timer } from './context.ts'
import { type ByFile, gather, type Place } from './emergency.ts'
import { EMERGENCY_STYLE, emergencyPage, type Outcome } from './emergency-page.ts'
import { type Answer, problem } from './problem.ts'

/** What the page is given besides the book. */
export type EmergencyDeps = {
  readonly place: Place
  /** Whether it may be seen here without signing in; the reason, in words, when it may not. */
  readonly closed: string | null
  readonly byFile: () => ByFile
  /** A chapter of the procedures as it is written, by its number, such as `E1`; null when there is none. */
  readonly chapter: (name: string) => string | null
}

export const EMERGENCY_HALT = '/emergency/halt'
const CHAPTERS = ['E1', 'E2', 'E3']
/** Whoever halts does not wait longer for a thread that hangs: the file halts by then. */
const HALT_MS = 3000

const ACTOR: Actor = { type: 'system', id: 'emergency page', via: 'web', session: null }

/** No script at all; the rest as everywhere. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  // With `no-referrer` a browser sends the button's request with `Origin: null`, as a page of another site would.
  'referrer-policy': 'same-origin',
}

/**
 * What a proxy adds on the way, by any of their names. One that adds none of them is known by the configuration alone.
 */
const FORWARDED =
  /^(?:forwarded|via|cdn-loop|x-forwarded.*|x-original.*|x-envoy-.*|x-proxy.*|x-real-.*|.*client-?ip|.*connecting-ip)$/
const LOOPBACK_ADDRESS = /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/i
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** Why this request is not from this machine itself, in words; null when it is. */
export function notLocal(request: Pick<FastifyRequest, 'headers' | 'socket'>): string | null {
  // The connection's own end, not what somebody says about it.
  if (!LOOPBACK_ADDRESS.test(request.socket.remoteAddress ?? '')) return 'It was asked for from another machine'
  if (!LOOPBACK_HOST.test(request.headers.host ?? '')) return 'It was asked for by another name than localhost'
  return Object.keys(request.headers).some((name) => FORWARDED.test(name)) ? 'It was asked for through a proxy' : null
}

/**
 * Mounts `/emergency`: what is held, whom to call and how to stop, without signing in, for this machine alone. It is part of
 * no API, and needs neither the dashboard's files nor a database that can be written or read.
 */
export function mountEmergency(app: FastifyInstance, api: Api, deps: EmergencyDeps): void {
  const { place, closed, byFile, chapter } = deps

  const refuse = (request: FastifyRequest): Answer | null => {
    const why = closed ?? notLocal(request)
    return why === null
      ? null
      : problem(
          'NOT_THIS_MACHINE',
          `The emergency page is for whoever sits at the machine of the gateway, at http://localhost. ${why.replace(/\.$/, '')}. There: jax-exec emergency. Elsewhere sign in on the dashboard, or use the broker’s own page.`,
        )
  }

  const page = async (reply: FastifyReply, outcome: Outcome | null): Promise<FastifyReply> => {
    const now = api.clock.now()
    const of = await gather(place, api.reads, byFile(), { at: now, now, speed: api.health().speed })
    return reply
      .code(outcome?.done === 'nothing' ? 503 : 200)
      .type('text/html; charset=utf-8')
      .send(
        emergencyPage(
          of,
          CHAPTERS.filter((name) => chapter(name) !== null),
          outcome,
        ),
      )
  }

  /** Latches it with whatever still works: the file is written before the desk is asked. */
  async function halt(): Promise<Outcome> {
    const late = timer(api.clock, HALT_MS)
    const tooLate = new Promise<string>((resolve) => {
      late.signal.addEventListener('abort', () => resolve('it has not answered yet'), { once: true })
    })
    const asked = api.desk.halt({ reason: 'halted on the emergency page', actor: ACTOR }).then(
      (done) => (done.ok || done.error.code === 'ALREADY_HALTED' ? null : done.error.text),
      (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)),
    )
    const why = await Promise.race([asked, tooLate])
    late.stop()
    if (why === null) return { done: 'halted' }
    api.log.error({ why }, 'the halt of the emergency page was not recorded')
    return { done: byFile() === null ? 'nothing' : 'by-file', why }
  }

  void app.register(async (room) => {
    room.addHook('onRequest', async (request, reply) => {
      const no = refuse(request)
      if (no === null) return void reply.headers(HEADERS)
      return reply
        .code(no.status)
        .type(no.type ?? 'application/problem+json')
        .send(JSON.stringify(no.body))
    })
    // The button sends a form with nothing in it.
    room.removeAllContentTypeParsers()
    room.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 1024 }, (_request, _bytes, done) => done(null, null))
    const get = (url: string, answer: (request: FastifyRequest, reply: FastifyReply) => unknown): void =>
      void room.route({ method: 'GET', url, config: { access: 'open' }, exposeHeadRoute: true, handler: answer })

    get('/emergency', (_request, reply) => page(reply, null))
    get('/emergency/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(EMERGENCY_STYLE))
    // A reload after the button, or an address that was kept, is no second press.
    get(EMERGENCY_HALT, (_request, reply) => reply.redirect('/emergency', 303))
    for (const name of CHAPTERS)
      get(`/emergency/${name.toLowerCase()}`, (_request, reply) =>
        reply
          .code(chapter(name) === null ? 404 : 200)
          .type('text/plain; charset=utf-8')
          .send(chapter(name) ?? `The procedures are not beside this program: ${place.manual}\n`),
      )
    room.route({
      method: 'POST',
      url: EMERGENCY_HALT,
      config: { access: 'open' },
      handler: async (_request, reply) => page(reply, await halt()),
    })
  })
}
