import { blind, type Planted, stops, withToken } from './leak.ts'

export const inHeaders: readonly Planted[] = [
  { name: 'a header', edits: withToken("res.setHeader('X-Access-Token', token)"), guard: stops },
  {
    name: 'twenty characters of the signature in a header',
    edits: withToken("res.setHeader('Server-Timing', `t;desc=${token.slice(-24, -4)}`)"),
    guard: stops,
  },
  { name: 'the reason phrase', edits: withToken('res.statusMessage = token'), guard: stops },
  {
    name: 'a header that htmx acts on',
    edits: withToken("res.setHeader('HX-Trigger', JSON.stringify({ token }))"),
    guard: stops,
  },
  {
    name: 'an early hint',
    edits: withToken('res.writeEarlyHints({ link: `</${token}>; rel=preload; as=style` })'),
    guard: blind,
  },
  {
    name: 'a trailer',
    edits: withToken(
      "res.send = (body) => { res.setHeader('Trailer', 'X-End'); res.write(body); res.addTrailers({ 'X-End': token }); return res.end() }",
    ),
    guard: blind,
  },
  {
    name: 'the headers of a proxied answer',
    edits: [
      [
        'bff/gateway/proxy.ts',
        '      void (route.answers.includes(events)',
        "      res.setHeader('X-Debug', JSON.stringify(req.headers))\n      void (route.answers.includes(events)",
      ],
    ],
    guard: stops,
  },
]

export const inCookies: readonly Planted[] = [
  {
    name: 'a cookie',
    edits: withToken("res.cookie('access_token', token, { httpOnly: true })"),
    guard: stops,
  },
  {
    name: 'a cookie in base64 of JSON',
    edits: withToken("res.cookie('session', Buffer.from(JSON.stringify({ token })).toString('base64'))"),
    guard: stops,
  },
  {
    name: 'the encrypted cookie that the login library keeps its session in by default',
    edits: [
      ['bff/login/oidc.ts', '      name,\n      store,\n', '      name,\n'],
      ['bff/login/oidc.ts', '      genid: newTicket,\n', ''],
    ],
    guard: blind,
  },
  {
    name: 'the cookie of a login under way, as the library sets it',
    edits: [
      [
        'bff/login/transactions.ts',
        "names.includes(name) && value !== '' ? close(name, value) : value",
        'value',
      ],
      [
        'bff/login/transactions.ts',
        "      const [sealed = ''",
        "      if (value.startsWith('%7B')) return [decodeURIComponent(value)]\n      const [sealed = ''",
      ],
    ],
    guard: blind,
  },
]
