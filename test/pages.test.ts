import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Page as Row, siteMap } from '../bff/pages/site-map.ts'
import { attribute, Browser, elements, type Page, textOf } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

const headings: Readonly<Record<string, string>> = {
  '/': 'Hello, Cloakroom!',
  '/profile': 'Profile Page',
  '/sessions': 'Your Sessions',
  '/public': 'Public Page',
  '/protected': 'Protected Page',
  '/admin': 'Admin Page',
}
const panels: Readonly<Record<string, string>> = {
  '/profile': 'Decoded ID Token',
  '/sessions': 'One session',
  '/public': 'Public Message',
  '/protected': 'Protected Message',
  '/admin': 'Admin Message',
}
const people = ['nobody', 'user', 'admin'] as const
type Person = (typeof people)[number]

let stack: Stack
let browsers: Readonly<Record<Person, Browser>>
beforeAll(async () => {
  stack = await startStack()
  const browserOf = async (email?: string) => {
    const browser = new Browser(stack.baseUrl)
    if (email) await browser.login(email)
    return browser
  }
  const [nobody, user, admin] = await Promise.all([
    browserOf(),
    browserOf('user@example.com'),
    browserOf('admin@example.com'),
  ])
  browsers = { nobody, user, admin }
})
afterAll(() => stack[Symbol.asyncDispose]())

/** A page as a typed address gets it, redirects not followed. */
const navigate = (browser: Browser, path: string, method = 'GET') =>
  browser.request(path, {
    method,
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' },
  })

const expectedStatus = ({ path, access }: Row, person: Person): number => {
  if (person === 'nobody' && access === 'private') return 401
  return path === '/admin' && person === 'user' ? 403 : 200
}

function expectSound({ text, headers }: Page): void {
  expect(headers.get('cache-control')).toBe('no-store')
  for (const name of ['HX-Request', 'HX-Request-Type', 'Cookie']) expect(headers.get('vary')).toContain(name)
  expect(headers.getSetCookie()).toEqual([])
  expect(text).not.toMatch(/undefined|\[object Object\]|NaN/)
}

describe.each(siteMap)('the page at $path', (row) => {
  describe.each(people)('for %s', (person) => {
    const status = expectedStatus(row, person)

    test('is a whole document, or leads to login and back here', async () => {
      const page = await navigate(browsers[person], row.path)
      expectSound(page)
      if (status === 401) {
        expect(page.status).toBe(303)
        expect(page.headers.get('location')).toBe(`/login?returnTo=${encodeURIComponent(row.path)}`)
        return
      }
      expect(page.status).toBe(status)
      expect(page.text).toMatch(/^<!doctype html>\s*<html lang="en">/)
      expect(textOf(page.text, 'title')).toBe(`${row.title} · Cloakroom`)
      expect(elements(page.text, 'h1')).toHaveLength(1)
      expect(textOf(page.text, 'h1')).toBe(headings[row.path])
      expect(elements(page.text, 'main')).toHaveLength(1)
    })

    test('is a part of a document for htmx, or tells it to leave for login', async () => {
      const part = await browsers[person].swap(row.path)
      expectSound(part)
      expect(part.status).toBe(status)
      if (status === 401) {
        expect(part.text).toBe('')
        expect(part.headers.get('hx-redirect')).toBe(`/login?returnTo=${encodeURIComponent(row.path)}`)
        return
      }
      expect(part.text).not.toMatch(/<(html|head|body|main)[\s>]|<!doctype/i)
      expect(part.text).toContain(`<title>${row.title} · Cloakroom</title>`)
      const panel = panels[row.path]
      if (panel !== undefined) expect(part.text).toContain(panel)
    })

    test('answers HEAD as GET, and nothing else', async () => {
      const page = await navigate(browsers[person], row.path, 'HEAD')
      expect(page.status).toBe(status === 401 ? 303 : status)
      expect(page.text).toBe('')
      const post = await browsers[person].sendForm(row.path)
      expect(post.status).toBe(405)
      expect(post.headers.get('allow')).toBe('GET, HEAD')
    })
  })

  test('brings scripts, styles and icons from this gateway only, and none inline', async () => {
    const { text } = await browsers.admin.open(row.path)
    for (const script of elements(text, 'script')) expect(attribute(script, 'src')).toMatch(/^\/assets\//)
    for (const link of elements(text, 'link')) expect(attribute(link, 'href')).toMatch(/^\/assets\//)
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=/i)
  })

  test('is found by its exact path only (K05)', async () => {
    if (row.path === '/')
      return expect((await navigate(browsers.admin, `${stack.baseUrl}//`)).status).toBe(400)
    for (const path of ['/', '/x.css', ';.js', '%2f.css', '.css', '%00']) {
      expect((await navigate(browsers.admin, row.path + path)).status, path).toBeGreaterThanOrEqual(400)
    }
    expect((await navigate(browsers.admin, row.path.toUpperCase())).status).toBe(404)
  })
})

describe('a message page', () => {
  test.each([
    ['nobody', '/public', 'This is a public message.'],
    ['user', '/protected', 'This is a protected message.'],
    ['admin', '/admin', 'This is an admin message.'],
  ] as const)('shows %s the JSON of %s with two spaces', async (person, path, message) => {
    for (const page of [await browsers[person].open(path), await browsers[person].swap(path)]) {
      expect(textOf(page.text, 'h2')).toBe(panels[path])
      expect(preOf(page)).toBe(`{\n  "text": "${message}"\n}`)
      expect(page.text).not.toContain('role="alert"')
    }
  })

  test('says in words which description belongs to it', async () => {
    const descriptions = async (path: string) => {
      const { text } = await browsers.admin.open(path)
      return elements(text, 'p')
        .filter((paragraph) => attribute(paragraph, 'class') === 'lead')
        .map((paragraph) => innerText(paragraph))
    }
    expect(await descriptions('/public')).toEqual([
      'This page retrieves a public message from an external API.',
      'Any visitor can access this page.',
    ])
    expect(await descriptions('/protected')).toEqual([
      'This page retrieves a protected message from an external API.',
      'Only authenticated users can access this page.',
    ])
    expect(await descriptions('/admin')).toEqual([
      'This page retrieves an admin message from an external API.',
      'Only authenticated users with the read:admin-messages permission should access this page.',
    ])
    expect(await descriptions('/profile')).toEqual([
      'You can use the ID Token to get the profile information of an authenticated user.',
      'Only authenticated users can access this page.',
    ])
  })

  test('shows who lacks the permission the refusal, and how to get it', async () => {
    for (const page of [await browsers.user.open('/admin'), await browsers.user.swap('/admin')]) {
      expect(page.status).toBe(403)
      expect(preOf(page)).toBe('{\n  "message": "Permission denied"\n}')
      const [alert] = elements(page.text, 'div').filter((div) => attribute(div, 'role') === 'alert')
      expect(alert && innerText(alert)).toMatch(/read:admin-messages.*messages-admin.*log in again/)
      expect(page.text).toContain('href="/login?prompt=login&amp;returnTo=%2Fadmin"')
    }
  })

  test('offers to fetch again: a link to itself that htmx turns into a swap of the panel', async () => {
    for (const page of [await browsers.user.open('/protected'), await browsers.user.swap('/protected')]) {
      const [again] = elements(page.text, 'a').filter((link) => attribute(link, 'id') === 'fetch-again')
      expect(
        again && [attribute(again, 'href'), attribute(again, 'hx-get'), attribute(again, 'hx-target')],
      ).toEqual(['/protected', '/protected', '#content'])
    }
  })
})

describe('the profile', () => {
  test('shows picture, name, e-mail and the claims about the user, in token order', async () => {
    const page = await browsers.user.open('/profile')
    expect(Object.keys(JSON.parse(preOf(page)))).toEqual([
      'sub',
      'nickname',
      'name',
      'picture',
      'updated_at',
      'email',
      'email_verified',
    ])
    expect(textOf(page.text, 'h2')).toBe('user@example.com')
    const [picture] = elements(page.text, 'img')
    expect(picture && attribute(picture, 'src')).toBe(`${stack.tenantUrl}/avatars/u.svg`)
  })
})

describe('the bar', () => {
  const linksOf = ({ text }: Page) => {
    const [bar] = text.match(/<header class="bar">.*?<\/header>/s) ?? ['']
    return elements(bar, 'a').map((link) => `${innerText(link)} ${attribute(link, 'href')}`)
  }

  test('offers Profile, Public, Sign Up and Log In to whoever is not logged in', async () => {
    expect(linksOf(await browsers.nobody.open('/public?a=1&b=%2F'))).toEqual([
      'Cloakroom /',
      'Profile /profile',
      'Public /public',
      'Sign Up /signup?returnTo=%2Fpublic%3Fa%3D1%26b%3D%252F',
      'Log In /login?prompt=login&returnTo=%2Fpublic%3Fa%3D1%26b%3D%252F',
    ])
  })

  test('offers Protected and Admin, the name and Log Out to a user, with or without the permission', async () => {
    for (const person of ['user', 'admin'] as const) {
      const page = await browsers[person].open('/')
      expect(linksOf(page)).toEqual([
        'Cloakroom /',
        'Profile /profile',
        'Public /public',
        'Protected /protected',
        'Admin /admin',
      ])
      expect(textOf(page.text, 'bdi')).toBe(`${person}@example.com`)
      const [form] = elements(page.text, 'form')
      expect(form && [attribute(form, 'method'), attribute(form, 'action')]).toEqual(['post', '/logout'])
    }
  })

  test.each(siteMap.filter(({ path, tab }) => tab || path === '/'))(
    'marks $path as the current page',
    async ({ path }) => {
      const { text } = await browsers.admin.open(`${path}?x=1`)
      const current = elements(text, 'a').filter((link) => attribute(link, 'aria-current') === 'page')
      expect(current.map((link) => attribute(link, 'href'))).toEqual([path])
    },
  )

  test('lets the links and forms that leave the site go by themselves', async () => {
    for (const person of people) {
      const { text } = await browsers[person].open('/')
      const leaving = [...elements(text, 'a'), ...elements(text, 'form')].filter((element) =>
        /^\/(login|signup|logout)/.test(attribute(element, 'href') ?? attribute(element, 'action') ?? ''),
      )
      expect(leaving.length).toBeGreaterThan(0)
      for (const element of leaving) expect(attribute(element, 'hx-boost')).toBe('false')
    }
  })
})

describe('an error page', () => {
  test('of an unknown address says Not Found under the bar', async () => {
    const page = await browsers.user.open('/nothing')
    expect(page.status).toBe(404)
    expectSound(page)
    expect(textOf(page.text, 'h1')).toBe('Not Found')
    expect(textOf(page.text, 'title')).toBe('Not Found · Cloakroom')
    expect(page.text).toContain(page.headers.get('x-request-id'))
  })

  test('is a part for htmx, without a second heading of the page', async () => {
    const part = await browsers.user.swap('/nothing')
    expect(part.status).toBe(404)
    expectSound(part)
    expect(part.text).not.toMatch(/<(html|body|h1)[\s>]/)
    expect(textOf(part.text, 'h2')).toBe('Not Found')
  })

  test('repeats nothing of the request as markup (X04)', async () => {
    const hostile = '<script>alert(1)</script>"\'><img src=x>'
    const page = await browsers.user.open(`/${encodeURI(hostile)}?q=${hostile.replaceAll(' ', '+')}`)
    expect(page.text).not.toContain('alert(1)</script>')
    expect(elements(page.text, 'img')).toEqual([])
    expect(elements(page.text, 'script').map((script) => attribute(script, 'src') ?? 'inline')).not.toContain(
      'inline',
    )
  })
})

function innerText(element: ReturnType<typeof elements>[number]): string {
  const text = (node: (typeof element.childNodes)[number]): string => {
    if ('value' in node) return node.value
    return 'childNodes' in node ? node.childNodes.map(text).join('') : ''
  }
  return text(element).replace(/\s+/g, ' ').trim()
}

/** The text of the `pre`, blanks and line ends as they are. */
function preOf({ text }: Page): string {
  const [pre] = elements(text, 'pre')
  return pre?.childNodes.map((node) => ('value' in node ? node.value : '')).join('') ?? ''
}
