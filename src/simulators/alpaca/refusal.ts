/** Alpaca's no: an HTTP status and a body. Status and code are its contract; the words may change. */
export type Refusal = {
  readonly status: number
  readonly code: number
  readonly message: string
  /** Further keys of the body: which order, how much. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** Each code covers many causes; `42210000` and `40310000` are the broker's own rules, `40010001` is about parameters. */
const no =
  (status: number, code: number) =>
  (message: string, extra?: Readonly<Record<string, unknown>>): Refusal => ({
    status,
    code,
    message,
    ...(extra ? { extra } : {}),
  })

export const undecodable = no(400, 40010000)
export const badParameter = no(422, 40010001)
export const unprocessable = no(422, 42210000)
export const forbidden = no(403, 40310000)
export const notFound = no(404, 40410000)

/** Keys in the order of the alphabet, as Alpaca's own bodies have them. */
export const bodyOf = ({ code, message, extra }: Refusal): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...extra, code, message }).sort(([a], [b]) => (a < b ? -1 : 1)))

export const isRefusal = (value: object): value is Refusal => 'message' in value && 'code' in value && 'status' in value
