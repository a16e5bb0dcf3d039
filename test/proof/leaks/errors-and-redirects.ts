import { blind, type Planted, stops } from './leak.ts'

export const inErrorsAndRedirects: readonly Planted[] = [
  {
    name: 'the page about a missing permission',
    edits: [
      [
        'bff/pages/page-data.ts',
        'JSON.stringify(answer.body, null, 2)',
        'JSON.stringify({ ...(answer.body as object), sent: answer.status === 403 ? accessToken?.reveal() : undefined }, null, 2)',
      ],
    ],
    guard: stops,
  },
  {
    name: 'the error page of a login, which shows its address',
    edits: [
      [
        'bff/login/login.ts',
        '    throw lostLogin(page)',
        '    throw new HttpError(400, req.url, { problem: { title: req.url, text: req.url } })',
      ],
      [
        'bff/login/login.ts',
        'import { localPath }',
        "import { HttpError } from '../http-error.ts'\nimport { localPath }",
      ],
    ],
    guard: blind,
  },
  {
    name: 'the redirect of a logout (id_token_hint)',
    edits: [
      [
        'bff/login/logout.ts',
        '    await Promise.all(tickets',
        "    const hint = (await (await sessions.peek(tickets[0]))?.accessToken())?.reveal() ?? ''\n    await Promise.all(tickets",
      ],
      [
        'bff/login/logout.ts',
        'await providerLogout(config, provider))',
        'await providerLogout(config, provider) + `&id_token_hint=${hint}`)',
      ],
    ],
    guard: stops,
  },
  {
    name: 'the fragment of the address that a login leads to',
    edits: [
      [
        'bff/login/oidc.ts',
        "      return { ...session, userAgent: req.headers['user-agent'] ?? '' }",
        "      const redirect = (res as Response).redirect.bind(res)\n      ;(res as Response).redirect = ((to: string) => redirect(`${to}#${session.access_token}`)) as typeof redirect\n      return { ...session, userAgent: req.headers['user-agent'] ?? '' }",
      ],
    ],
    guard: stops,
  },
  {
    name: 'the client secret in the address of a login',
    edits: [
      [
        'bff/login/oidc.ts',
        '      audience: config.provider.audience,\n',
        '      audience: config.provider.audience,\n      client_secret: config.provider.clientSecret.reveal(),\n',
      ],
    ],
    guard: blind,
  },
  {
    name: 'an API that sends back the headers it got',
    edits: [
      [
        'api/messages.ts',
        '(_req, res) => {\n      // What res.json',
        '(req, res) => {\n      if (text) return void res.json({ text, sent: req.headers })\n      // What res.json',
      ],
    ],
    guard: stops,
  },
]
