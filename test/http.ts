// What a program and a person say to a running gateway over HTTP.
import type { Me, Page } from '../src/api/wire.ts'

export type Caller = {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body: unknown): Promise<{ status: number; body: T }>
  must(method: string, path: string, body: unknown): Promise<void>
}

export function caller(url: string) {
  async function call(
    headers: Record<string, string>,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string; cookie: string }> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return {
      status: answer.status,
      text: await answer.text(),
      cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '',
    }
  }
  const withHeaders = (headers: Record<string, string>): Caller => ({
    async get<T>(path: string) {
      const { status, text: body } = await call(headers, 'GET', path)
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`)
      return JSON.parse(body) as T
    },
    async post<T>(path: string, sent: unknown) {
      const { status, text: body } = await call(headers, 'POST', path, sent)
      return { status, body: JSON.parse(body) as T }
    },
    async must(method, path, sent) {
      const { status, text: body } = await call(headers, method, path, sent)
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${body}`)
    },
  })
  return {
    as: (token: string) => withHeaders({ authorization: `Bearer ${token}` }),
    async signIn(code: string) {
      const { status, text: body, cookie } = await call({ origin: url }, 'POST', '/v1/session', { code, name: 'Ana' })
      if (status !== 201) throw new Error(`sign-in: ${status} ${body}`)
      return withHeaders({ cookie, origin: url, 'x-jax-csrf': (JSON.parse(body) as Me).csrf ?? '' })
    },
  }
}

/** Every item of a listing, page by page. */
export async function pages<T>(person: Caller, path: string): Promise<T[]> {
  const all: T[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page: Page<T> = await person.get<Page<T>>(`${path}?limit=50${after && `&after=${encodeURIComponent(after)}`}`)
    all.push(...page.items)
    after = page.next
  }
  return all
}
