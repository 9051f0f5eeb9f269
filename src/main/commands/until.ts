import type { Client } from '../client.ts'

/** A time so many minutes from now, RFC 3339, by the gateway's clock, which in a replay is the market's. */
export async function inMinutes(client: Client, minutes: number): Promise<string> {
  const { now, marketClock } = await client.status()
  return new Date(Date.parse(now) + minutes * 60_000 * marketClock.speed).toISOString()
}
