import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Api, ChannelRoute } from './context.ts'
import type { sparing } from './sparing.ts'

/**
 * Mounts what channels listen on, below `/channels/`. Whoever asks there proves it in the request itself, over its bytes:
 * so the body is handed on as it came, whatever it calls itself, and there is no session and no CSRF token. What goes wrong is
 * in our log, in one line, and told in no words to whoever asked.
 */
export function mountChannels(
  app: FastifyInstance,
  api: Api,
  channels: readonly ChannelRoute[],
  strangers: ReturnType<typeof sparing>,
): void {
  if (channels.length === 0) return
  void app.register(async (room) => {
    room.removeAllContentTypeParsers()
    room.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: api.limits.channelBytes }, (_request, bytes, done) =>
      done(null, bytes),
    )
    room.setErrorHandler((fault, request, reply) => {
      const { statusCode = 500, code } = fault as { statusCode?: number; code?: string }
      const status = statusCode >= 400 && statusCode < 500 ? statusCode : 500
      request.told = true
      const line = { route: request.routeOptions.url, address: request.ip, status, code }
      strangers(`channel ${status}`, (more) =>
        api.log.warn({ ...line, ...more }, 'a request to a channel could not be read'),
      )
      return silent(reply, status)
    })
    for (const { path, handle } of channels)
      room.route({
        method: 'POST',
        url: `/channels/${path}`,
        config: { access: 'open' },
        async handler(request, reply) {
          const headers = Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [
              name,
              Array.isArray(value) ? value.join(', ') : value,
            ]),
          )
          const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
          try {
            const answer = await handle({ headers, body, at: api.clock.now() })
            // A channel says itself what it refuses, and why.
            request.told = answer.status >= 400
            return await reply.code(answer.status).type(`${answer.type}; charset=utf-8`).send(answer.body)
          } catch (fault) {
            const told = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
            request.told = true
            api.log.error({ route: request.routeOptions.url, fault: told }, 'a channel failed')
            return silent(reply, 500)
          }
        },
      })
  })
}

const silent = (reply: FastifyReply, status: number): FastifyReply => reply.code(status).send()
