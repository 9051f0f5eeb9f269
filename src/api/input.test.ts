import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { AGENT, type As, type House, openHouse, ORDER, SIGNAL } from './house.contract.ts'
import { cleanText } from './text.ts'
import { didYouMean } from './hint.ts'
import type * as wire from './wire.ts'

let house: House
let jax: As
before(async () => {
  house = await openHouse({ limits: { failedBurst: 10_000, settleMs: 5 } })
  house.patience.ms = 5
  jax = await house.token('jax', AGENT)
})
after(() => house.close())

const propose = (body: unknown) => house.ask({ method: 'POST', url: '/v1/intents', as: jax, body })
const without = (body: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)))
/** A signal as JSON text, one value of it as raw text: for what `JSON.stringify` cannot write. */
const raw = (field: string, value: string) => JSON.stringify({ ...SIGNAL, [field]: '@' }).replace('"@"', value)

describe('bodies that cannot be read', () => {
  const rows: readonly (readonly [name: string, body: string | Buffer, status: number, detail: RegExp])[] = [
    ['nothing', '', 400, /^\$ must be a signal/],
    ['half of it', '{"id":"a"', 400, /^Line 1, column \d+: /],
    ['a stray comma, three lines down', '{\n"id": "a",\n,}', 400, /^Line 3, column 1: /],
    ['a key twice', '{"id":"a","id":"b"}', 400, /the key "id" appears twice/],
    ['a key twice, once escaped', '{"id":"a","\\u0069d":"b"}', 400, /the key "id" appears twice/],
    ['a comment', '{"id":"a" /* b */}', 400, /^Line 1/],
    ['single quotes', "{'id':'a'}", 400, /^Line 1/],
    ['NaN', '{"id":NaN}', 400, /^Line 1/],
    ['nested too deep', `{"id":${'['.repeat(5000)}${']'.repeat(5000)}}`, 400, /nested deeper than 32 levels/],
    ['a list', '[]', 400, /^\$ must be a JSON object/],
    ['a number', '17', 400, /^\$ must be a JSON object/],
    ['null', 'null', 400, /must be a signal/],
    ['half a surrogate pair', raw('reasoning', '"\\ud800"'), 400, /half of a surrogate pair/],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, /not valid UTF-8/],
    ['one byte too many', JSON.stringify({ id: 'x'.repeat(65_536 - 8) }), 413, /At most 64 KiB/],
    ['1 MiB', JSON.stringify({ id: 'x'.repeat(1024 * 1024) }), 413, /At most 64 KiB/],
  ]
  for (const [name, body, status, detail] of rows)
    it(name, async () => {
      const response = await house.ask({
        method: 'POST',
        url: '/v1/intents',
        as: jax,
        body,
        headers: { 'content-type': 'application/json' },
      })
      assert.equal(response.statusCode, status)
      assert.match(response.json<wire.Problem>().detail, detail)
    })

  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json, text/plain',
    ' application/json;',
    'application/json\ta',
    'APPLICATION/XML',
    ';',
  ])
    it(`as ${JSON.stringify(type)}`, async () => {
      const response = await house.ask({
        method: 'POST',
        url: '/v1/intents',
        as: jax,
        body: JSON.stringify({ ...SIGNAL, id: 'typed' }),
        headers: { 'content-type': type },
      })
      assert.ok(
        [400, 415].includes(response.statusCode) ||
          (type.trim().startsWith('application/json;') && response.statusCode < 300),
        `${response.statusCode} ${response.body}`,
      )
    })
  it('a body too large or of another type is refused to strangers before it is read', async () => {
    assert.equal(
      (await house.ask({ method: 'POST', url: '/v1/intents', body: 'x'.repeat(1024 * 1024) })).statusCode,
      401,
    )
  })
})

describe('signals that are not valid', () => {
  type Row = readonly [name: string, body: unknown, path: string, message: RegExp]
  const rows: readonly Row[] = [
    ['an unknown field', { ...SIGNAL, quantity: 5 }, '$.quantity', /^is not a field of this request$/],
    ['a typo', { ...SIGNAL, stop_los: 1 }, '$.stop_los', /did you mean "stop_loss"\?/],
    ['camel case', { ...SIGNAL, entryPrice: 1 }, '$.entryPrice', /did you mean "entry_price"\?/],
    ['__proto__', raw('reasoning', '"x","__proto__":{"admin":true}'), '$.__proto__', /is not a field/],
    ['constructor', { ...SIGNAL, constructor: { prototype: {} } }, '$.constructor', /is not a field/],
    ['markup as a field name', { ...SIGNAL, '<img src=x>': 1 }, '$."<img src=x>"', /is not a field/],
    ['no form at all', without(SIGNAL, 'signal_type'), '$', /must be a signal \(with signal_type/],

    ['no id', without(SIGNAL, 'id'), '$.id', /^is required$/],
    ['an empty id', { ...SIGNAL, id: '' }, '$.id', /1 to 64 characters/],
    ['an id with a blank', { ...SIGNAL, id: 'a b' }, '$.id', /1 to 64 characters/],
    ['an id with a path', { ...SIGNAL, id: '../../etc' }, '$.id', /1 to 64 characters/],
    ['an id with a line break', { ...SIGNAL, id: 'a\n' }, '$.id', /1 to 64 characters/],
    ['an id that the gateway gives', { ...SIGNAL, id: 'wv_abc' }, '$.id', /not beginning with wv_/],
    ['an id of 65', { ...SIGNAL, id: 'a'.repeat(65) }, '$.id', /1 to 64 characters/],
    ['a number as id', { ...SIGNAL, id: 7 }, '$.id', /must be text, but is a number/],

    ['a lower-case symbol', { ...SIGNAL, symbol: 'aapl' }, '$.symbol', /; write "AAPL"$/],
    ['a symbol with markup', { ...SIGNAL, symbol: '<B>' }, '$.symbol', /upper-case symbol/],
    ['a symbol of another script', { ...SIGNAL, symbol: 'ΑAPL' }, '$.symbol', /upper-case symbol/],
    ['null as symbol', { ...SIGNAL, symbol: null }, '$.symbol', /must be text, but is null/],

    [
      'a price of twenty digits',
      raw('entry_price', '187.25333333333334123'),
      '$.entry_price',
      /has 17 digits after the point; at most 12 are kept exactly, so send a rounded number/,
    ],
    [
      'a huge price',
      raw('entry_price', '12345678901234567890'),
      '$.entry_price',
      /has more than 15 digits before the point/,
    ],
    ['a price beyond anything', raw('entry_price', '1e400'), '$.entry_price', /plain decimal/],
    ['a price of nearly nothing', raw('entry_price', '1e-20'), '$.entry_price', /has 20 digits after the point/],
    ['zero', { ...SIGNAL, entry_price: 0 }, '$.entry_price', /^must be above zero$/],
    ['minus zero', raw('entry_price', '-0.0'), '$.entry_price', /^must be above zero$/],
    ['a negative price', { ...SIGNAL, stop_loss: '-1' }, '$.stop_loss', /must be above zero, but is negative/],
    [
      'a price with a comma',
      { ...SIGNAL, entry_price: '187,50' },
      '$.entry_price',
      /plain decimal number such as 187\.50/,
    ],
    ['a price with a currency', { ...SIGNAL, entry_price: '$187' }, '$.entry_price', /plain decimal/],
    ['a price with blanks', { ...SIGNAL, entry_price: ' 187' }, '$.entry_price', /plain decimal/],
    ['a price as hex', { ...SIGNAL, entry_price: '0x1F' }, '$.entry_price', /plain decimal/],
    ['digits of another script', { ...SIGNAL, entry_price: '١٨٧' }, '$.entry_price', /plain decimal/],
    ['Infinity', { ...SIGNAL, entry_price: 'Infinity' }, '$.entry_price', /plain decimal/],
    ['a list as price', { ...SIGNAL, entry_price: [187] }, '$.entry_price', /but is a list/],
    ['an object as price', { ...SIGNAL, entry_price: { value: 1 } }, '$.entry_price', /but is an object/],
    ['true as price', { ...SIGNAL, entry_price: true }, '$.entry_price', /but is a boolean/],
    ['no price', { ...SIGNAL, entry_price: null }, '$.entry_price', /but is null/],

    ['confidence above 1', { ...SIGNAL, confidence: 1.01 }, '$.confidence', /between 0 and 1/],
    ['confidence below 0', { ...SIGNAL, confidence: -0.1 }, '$.confidence', /between 0 and 1/],
    [
      'a signal type of another house',
      { ...SIGNAL, signal_type: 'buy' },
      '$.signal_type',
      /one of "BUY", "SELL"; did you mean "BUY"\?/,
    ],
    ['a strategy with markup', { ...SIGNAL, strategy_id: '<script>' }, '$.strategy_id', /1 to 64 characters/],

    [
      'reasoning too long',
      { ...SIGNAL, reasoning: 'x'.repeat(2001) },
      '$.reasoning',
      /has 2001 characters; at most 2000 are kept/,
    ],
    ['no reasoning', without(SIGNAL, 'reasoning'), '$.reasoning', /^is required$/],

    [
      'a time without zone',
      { ...SIGNAL, generated_at: '2026-11-24T14:59:50' },
      '$.generated_at',
      /RFC 3339 time with its zone/,
    ],
    ['a day that is none', { ...SIGNAL, generated_at: '2026-02-30T00:00:00Z' }, '$.generated_at', /RFC 3339/],
    ['a time as number', { ...SIGNAL, expires_at: 1790000000 }, '$.expires_at', /must be text, but is a number/],
    [
      'expiry before generation',
      { ...SIGNAL, expires_at: '2026-11-24T14:59:50Z' },
      '$.expires_at',
      /must be after generated_at/,
    ],

    ['a side of another house', { ...ORDER, side: 'BUY' }, '$.side', /did you mean "buy"\?/],
    ['a quantity of nothing', { ...ORDER, order_qty: '0' }, '$.order_qty', /above zero/],
    ['a short-selling quantity', { ...ORDER, order_qty: -400 }, '$.order_qty', /above zero/],
    ['a limit order without limit', without(ORDER, 'limit_price'), '$.limit_price', /is required with ord_type limit/],
    [
      'a limit order with an entry as well',
      { ...ORDER, entry_price: '1' },
      '$.entry_price',
      /goes with ord_type market only/,
    ],
    [
      'a market order without entry',
      { ...without(ORDER, 'limit_price'), ord_type: 'market' },
      '$.entry_price',
      /is required with ord_type market/,
    ],
    ['a model without its version', { ...ORDER, model: 'jax-large' }, '$.model_version', /name the version too/],
    ['a version of no model', { ...ORDER, model_version: '2' }, '$.model', /name the model too/],
    [
      'a market order with a limit',
      { ...ORDER, ord_type: 'market', entry_price: '187.5' },
      '$.limit_price',
      /goes with ord_type limit only/,
    ],
    ['an order type of another house', { ...ORDER, ord_type: 'stop' }, '$.ord_type', /one of "limit", "market"/],
    [
      'a time in force of another house',
      { ...ORDER, time_in_force: 'GTD' },
      '$.time_in_force',
      /one of "day", "gtc", "ioc", "fok"/,
    ],
    ['an order with a signal type', { ...ORDER, signal_type: 'BUY' }, '$.side', /is not a field/],
  ]
  for (const [name, body, path, message] of rows)
    it(name, async () => {
      const response = await propose(body)
      const problem = response.json<wire.Problem>()
      assert.equal(problem.code, 'INVALID_REQUEST', response.body)
      const found = problem.errors?.find((error) => error.path === path)
      assert.ok(found, response.body)
      assert.match(found.message, message)
      assert.deepEqual(
        [await house.store.get('intent', SIGNAL.id), await house.store.get('intent', ORDER.id)],
        [null, null],
      )
    })

  it('everything that is wrong is told at once', async () => {
    const body = {
      ...SIGNAL,
      symbol: 'aapl',
      entry_price: -1,
      stop_loss: 'x',
      confidence: 2,
      strategy: 'a',
      generated_at: '2026-11-24T15:00:00Z',
      expires_at: '2026-11-24T14:00:00Z',
    }
    const { errors, detail } = (await propose(body)).json<wire.Problem>()
    assert.deepEqual(errors?.map(({ path }) => path).sort(), [
      '$.confidence',
      '$.entry_price',
      '$.expires_at',
      '$.stop_loss',
      '$.strategy',
      '$.symbol',
    ])
    assert.match(detail, /\(and 5 more problems\)\. Nothing was recorded\.$/)
  })
  it('a thousand unknown fields make fifty errors', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1]))
    assert.equal((await propose({ ...SIGNAL, ...many })).json<wire.Problem>().errors?.length, 50)
  })
})

describe('queries and paths that are not valid', () => {
  const rows: readonly (readonly [url: string, path: string | null, code: string])[] = [
    ['/v1/intents?limit=0', 'query.limit', 'INVALID_REQUEST'],
    ['/v1/intents?limit=201', 'query.limit', 'INVALID_REQUEST'],
    ['/v1/intents?limit=1e2', 'query.limit', 'INVALID_REQUEST'],
    ['/v1/intents?limit=5&limit=6', 'query.limit', 'INVALID_REQUEST'],
    ['/v1/intents?state=Waiting', 'query.state', 'INVALID_REQUEST'],
    ['/v1/intents?state=Refused&state=nope', 'query.state', 'INVALID_REQUEST'],
    ['/v1/intents?stat=Refused', 'query.stat', 'INVALID_REQUEST'],
    ['/v1/intents?__proto__=1', 'query.__proto__', 'INVALID_REQUEST'],
    ['/v1/intents?after=%00', 'query.after', 'INVALID_REQUEST'],
    ['/v1/intents?after=bm90IG9uZQ', 'query.after', 'BAD_CURSOR'],
    ['/v1/orders?after=WyJpbnRlbnRzIiwxLDEsImEiXQ', 'query.after', 'BAD_CURSOR'],
    ['/v1/orders?open=yes', 'query.open', 'INVALID_REQUEST'],
    ['/v1/orders?symbol=aapl', 'query.symbol', 'INVALID_REQUEST'],
    ['/v1/orders?from=yesterday', 'query.from', 'INVALID_REQUEST'],
    ['/v1/fills?order=%3Cb%3E', 'query.order', 'INVALID_REQUEST'],
    ['/v1/fills?after=x%27%20OR%201=1', 'query.after', 'INVALID_REQUEST'],
    ['/v1/intents/a%20b', 'path.id', 'INVALID_REQUEST'],
    ['/v1/intents/%2e%2e%2f%2e%2e', 'path.id', 'INVALID_REQUEST'],
    ['/v1/quotes/%3Cscript%3E', 'path.symbol', 'INVALID_REQUEST'],
    ['/v1/status?x=1', 'query.x', 'INVALID_REQUEST'],
    ['/v1/intents/none', null, 'NOT_FOUND'],
    ['/v1/intents/none/story', null, 'NOT_FOUND'],
    ['/v1/orders/none', null, 'NOT_FOUND'],
    ['/v1/nothing', null, 'NOT_FOUND'],
    [`/v1/intents/${'a'.repeat(5000)}`, null, 'BAD_URL'],
    ['/v1/%zz', null, 'BAD_URL'],
  ]
  for (const [url, path, code] of rows)
    it(url.slice(0, 60), async () => {
      const problem = (await house.ask({ url, as: jax })).json<wire.Problem>()
      assert.equal(problem.code, code)
      if (path !== null) assert.equal(problem.errors?.[0]?.path, path)
    })
  it('a method that an address does not know', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      const response = await house.ask({
        method,
        url: '/v1/intents',
        as: jax,
        body: method === 'OPTIONS' ? undefined : 'not json',
      })
      assert.equal(response.statusCode, 405, method)
      assert.equal(response.headers['allow'], 'POST, GET')
    }
    assert.equal((await house.ask({ method: 'HEAD', url: '/v1/intents', as: jax })).body, '')
  })
})

describe('what is accepted', () => {
  it('prices exactly as written, as text, as number, and as the small numbers that some languages write', async () => {
    const rows = [
      ['0.10', '0.10'],
      ['"0.10"', '0.10'],
      ['187.253333333333', '187.253333333333'],
      ['1.2e-05', '0.000012'],
      ['15E1', '150'],
      ['1.5e+2', '150'],
      ['1.25e1', '12.5'],
      ['123456789012345', '123456789012345'],
      ['"000187.50"', '187.50'],
    ] as const
    for (const [written, kept] of rows) {
      const id = `p-${written.replaceAll(/[^\w.-]/g, '_')}`
      await propose(raw('entry_price', written).replace('"sig-1"', JSON.stringify(id)))
      assert.equal((await house.ask({ url: `/v1/intents/${id}`, as: jax })).json<wire.Intent>().entryPx, kept, written)
    }
  })
  it('a symbol with a slash, in the body and in a path', async () => {
    await propose({ ...SIGNAL, id: 'fx', symbol: 'EUR/USD' })
    assert.equal(
      (await house.ask({ url: '/v1/intents?symbol=EUR%2FUSD', as: jax })).json<wire.Page<wire.Intent>>().items.length,
      1,
    )
    assert.match(
      (await house.ask({ url: '/v1/quotes/EUR%2FUSD', as: jax })).json<wire.Problem>().detail,
      /no quote for EUR\/USD/,
    )
    await house.facts('EUR/USD')
    assert.equal((await house.ask({ url: '/v1/quotes/EUR%2FUSD', as: jax })).json<wire.Quote>().mid, '187.500')
    assert.equal(
      (await house.ask({ url: '/v1/instruments/EUR%2FUSD', as: jax })).json<wire.Instrument>().symbol,
      'EUR/USD',
    )
  })
  it('hostile text, made harmless and kept as text', async () => {
    const reasoning = '<script>alert(1)</script>\u202e\u0007 buy\r\nnow\u200b \u{e0041}ok e\u0301'
    await propose({ ...SIGNAL, id: 'hostile', reasoning })
    assert.equal(
      (await house.ask({ url: '/v1/intents/hostile', as: jax })).json<wire.Intent>().reasoning,
      '<script>alert(1)</script> buy\nnow ok é',
    )
  })
  it('pages by cursor, without loss or repetition', async () => {
    const seen: string[] = []
    for (let after = ''; ; ) {
      const page = (await house.ask({ url: `/v1/intents?limit=3${after}`, as: jax })).json<wire.Page<wire.Intent>>()
      seen.push(...page.items.map(({ intentID }) => intentID))
      if (page.next === null) break
      after = `&after=${encodeURIComponent(page.next)}`
    }
    assert.ok(seen.length >= 11)
    assert.equal(new Set(seen).size, seen.length)
  })
})

describe('whatever is sent', () => {
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1e308,
      1e-7,
      '',
      'BUY',
      'AAPL',
      '187.50',
      '2026-11-24T15:00:00Z',
      '__proto__',
      '\u0000',
      '\ud800',
      {},
      [],
      [[]],
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.double(),
    fc.bigInt().map(String),
  )
  const field = fc.oneof(fc.constantFrom(...Object.keys({ ...SIGNAL, ...ORDER })), fc.string({ maxLength: 12 }))
  const mutated = fc
    .tuple(
      fc.constantFrom<Record<string, unknown>>(SIGNAL, ORDER, {}),
      fc.array(fc.tuple(field, fc.oneof(scalar, fc.constant(undefined))), { maxLength: 6 }),
    )
    .map(([base, changes]) => JSON.stringify({ ...base, ...Object.fromEntries(changes) }))
  /** Cuts, doubles or replaces a piece of the text, so that it is often no JSON. */
  const damaged = fc
    .tuple(mutated, fc.nat(400), fc.nat(6), fc.string({ unit: 'binary', maxLength: 6 }))
    .map(([text, at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut))

  it('a proposal is answered, never with a fault, and every error is a problem', async () => {
    let id = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, damaged), async (body) => {
        // `ask` holds the answer to the table and refuses 5xx.
        const response = await propose(body.replace(/"(sig|ord)-1"/, () => `"fuzz-${++id}"`))
        assert.ok([200, 201, 202, 400, 409, 422].includes(response.statusCode))
      }),
      { numRuns: 400 },
    )
  })
  it('an address is answered, never with a fault', async () => {
    const path = fc.oneof(
      fc.constantFrom(
        '/v1/intents',
        '/v1/orders',
        '/v1/fills',
        '/v1/journal',
        '/v1/quotes/',
        '/v1/intents/',
        '/v1/tasks/',
        '/',
        '/assets/',
      ),
      fc.webPath(),
    )
    const query = fc.array(
      fc.tuple(
        fc.constantFrom('limit', 'after', 'from', 'to', 'state', 'symbol', 'open', 'order', 'x'),
        fc.string({ maxLength: 20 }),
      ),
      { maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(
        path,
        fc.string({ maxLength: 10 }),
        query,
        fc.constantFrom('GET', 'POST', 'DELETE', 'PUT' as const),
        async (base, tail, pairs, method) => {
          const url = `${base}${encodeURIComponent(tail.toWellFormed())}?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value.toWellFormed()])).toString()}`
          await house.ask({ method, url, as: jax, ...(method === 'GET' ? {} : { body: {} }) })
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('parts', () => {
  it('clean text is stable, well-formed and without anything hidden', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.string({ unit: 'binary-ascii', maxLength: 20 }),
        (a, b) => {
          const once = cleanText(a + b, 1000)
          if (!once.ok) return
          assert.doesNotMatch(once.value, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
          assert.deepEqual(cleanText(once.value, 1000), once)
        },
      ),
    )
  })
  it('suggests what is close and nothing else', () => {
    const known = ['entry_price', 'stop_loss', 'symbol']
    assert.equal(didYouMean('ENTRY-PRICE', known), '; did you mean "entry_price"?')
    assert.equal(didYouMean('simbol', known), '; did you mean "symbol"?')
    assert.equal(didYouMean('quantity', known), '')
    assert.equal(didYouMean('x'.repeat(60_000), known), '')
  })
})
