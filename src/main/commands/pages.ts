import type { Context } from '../context.ts'

/**
 * The address of a page for people. On this machine by the name `localhost`, as an address of digits cannot have
 * passkeys.
 * @param base where the command reached the gateway.
 */
export function pageOf(ctx: Context, base: string, path: string): string {
  const { publicUrl } = ctx.settings().listen
  const url = new URL(publicUrl ?? base)
  if (url.hostname === '127.0.0.1' || url.hostname === '[::1]') url.hostname = 'localhost'
  return `${url.origin}/${path}`
}
