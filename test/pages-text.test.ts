import express, { type Express } from 'express'
import { type DefaultTreeAdapterTypes, parse, defaultTreeAdapter as tree } from 'parse5'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../bff/config.ts'
import { nameOf, pictureOf, userClaims } from '../bff/pages/claims.ts'
import { profile } from '../bff/pages/page-data.ts'
import { siteMap } from '../bff/pages/site-map.ts'
import { useViews } from '../bff/pages/views.ts'
import type { Claims, Visitor } from '../bff/session/session.ts'

const issuer = 'http://127.0.0.1:7070/'

describe('the name of a user', () => {
  test.each<[Claims, string]>([
    [{ sub: 'a|1', name: 'Ada', nickname: 'al', email: 'ada@example.com' }, 'Ada'],
    [{ sub: 'a|1', nickname: 'al', email: 'ada@example.com' }, 'al'],
    [{ sub: 'a|1', email: 'ada@example.com' }, 'ada@example.com'],
    [{ sub: 'a|1' }, 'a|1'],
    [{ sub: 'a|1', name: '', nickname: '  ' }, 'a|1'],
    [{ sub: 'a|1', name: { first: 'Ada' }, nickname: ['al'], email: 42 }, 'a|1'],
    [{ sub: 'a|1', name: null }, 'a|1'],
  ])('of %j is %s', (claims, name) => {
    expect(nameOf(claims)).toBe(name)
  })
})

describe('the picture of a user (X01)', () => {
  test.each<[unknown, string | undefined]>([
    ['https://pictures.example/ada.png', 'https://pictures.example/ada.png'],
    ['http://127.0.0.1:7070/avatars/a.svg', 'http://127.0.0.1:7070/avatars/a.svg'],
    ['http://127.0.0.1:7071/avatars/a.svg', undefined],
    ['http://pictures.example/ada.png', undefined],
    ['javascript:alert(1)', undefined],
    ['\tjava\nscript:alert(1)', undefined],
    ['JAVASCRIPT:alert(1)', undefined],
    ['data:image/svg+xml,<svg onload=alert(1)>', undefined],
    ['blob:https://pictures.example/1', undefined],
    ['//pictures.example/ada.png', undefined],
    ['/logout', undefined],
    ['', undefined],
    [{ href: 'https://pictures.example/' }, undefined],
    [undefined, undefined],
  ])('%j is shown as %s', (picture, shown) => {
    expect(pictureOf({ sub: 'a|1', iss: issuer, picture })).toBe(shown)
  })

  test('without an issuer only https is shown', () => {
    expect(pictureOf({ sub: 'a|1', picture: 'http://127.0.0.1:7070/a.svg' })).toBeUndefined()
    expect(pictureOf({ sub: 'a|1', iss: 7, picture: 'http://127.0.0.1:7070/a.svg' })).toBeUndefined()
  })
})

test('the claims shown are the token’s without those of the protocol, in its order', () => {
  const claims = {
    iss: issuer,
    nickname: 'al',
    aud: 'x',
    sub: 'a|1',
    exp: 1,
    sid: 's',
    nonce: 'n',
    'https://x/r': [1],
  }
  expect(JSON.stringify(userClaims(claims))).toBe('{"nickname":"al","sub":"a|1","https://x/r":[1]}')
})

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</pre></title></h2></bdi><form action="https://evil.example">',
  '" hx-get="/logout" data-hx-trigger="load',
  '<%= it.visitor.accessToken %>',
  '&lt;b&gt; &amp; &#x3c;script&#x3e;',
  'javascript:alert(1)',
  '\u2028\u2029\u0000\u202e 🧥 אבג',
  '__proto__',
  ' '.repeat(3),
  'x'.repeat(1_000_000),
  7,
  null,
  ['<b>'],
  { toString: '<b>', __proto__: null },
]

/** Elements, attributes' names and the nesting of a document, without any text. */
function skeleton(html: string): string {
  const lines: string[] = []
  const walk = (node: DefaultTreeAdapterTypes.Node, depth: number) => {
    if (tree.isElementNode(node)) {
      lines.push(`${' '.repeat(depth)}${node.tagName} ${node.attrs.map(({ name }) => name).join(' ')}`)
    }
    if ('childNodes' in node) for (const child of node.childNodes) walk(child, depth + 1)
  }
  walk(parse(html), 0)
  return lines.join('\n')
}

/** A view as the application renders it for a visitor with those claims. */
async function render(view: string, claims: Claims, locals: object = {}): Promise<string> {
  const app: Express = express()
  useViews(app, loadConfig({}))
  const unused = () => Promise.reject(new Error('no view needs it'))
  const [expiresAt, endsAt] = [Date.now() + 1_800_000, Date.now() + 7_200_000]
  const visitor: Visitor = {
    claims,
    expiresAt,
    endsAt,
    accessToken: unused,
    sessions: unused,
    endOthers: unused,
  }
  const page = siteMap.find((row) => row.view === view)
  const { data } = await profile({
    visitor,
    requestId: '',
    traceparent: '',
    fetchMessage: unused,
  })
  const all = {
    visitor,
    page,
    data,
    layout: '/layouts/page',
    path: '/',
    address: '/',
    requestId: 'id',
    formToken: () => 'token',
    ...locals,
  }
  return new Promise((resolve, reject) => {
    app.render(view, all, (error, html) => (error ? reject(error) : resolve(html)))
  })
}

describe('claims are text, whatever is in them (X01)', () => {
  const harmless = { sub: 'a|1', name: 'Ada', email: 'ada@example.com', iss: issuer }

  test.each(hostile.map((value) => [JSON.stringify(value).slice(0, 60), value] as const))(
    '%s',
    async (_text, value) => {
      const claims = { ...harmless, name: value, nickname: value, email: value, picture: value, extra: value }
      const shown = skeleton(await render('profile', claims))
      const email = typeof value === 'string' && value.trim() !== ''
      expect(shown).toBe(skeleton(await render('profile', email ? harmless : { sub: 'a|1', name: 'Ada' })))
      expect(skeleton(await render('home', claims))).toBe(skeleton(await render('home', harmless)))
    },
  )

  test('a name of a claim is text too', async () => {
    const html = await render('profile', { ...harmless, '<img src=x>': '<img src=y>' })
    expect(skeleton(html)).toBe(skeleton(await render('profile', harmless)))
    expect(html).toContain('&lt;img src=x&gt;')
  })
})

test('an address is text in the links that come back to it', async () => {
  const address = '/"><script>alert(1)</script>?x=\'&y=<b>'
  const problem = {
    problem: { status: 404, title: 'Not Found', text: 'There is no page.' },
    visitor: undefined,
  }
  const html = await render('error', { sub: 'a|1' }, { ...problem, page: undefined, path: address, address })
  const benign = await render('error', { sub: 'a|1' }, { ...problem, page: undefined })
  expect(skeleton(html)).toBe(skeleton(benign).replaceAll(' aria-current', ''))
})
