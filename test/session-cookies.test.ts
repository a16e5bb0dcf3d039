import { describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

const past = 'Thu, 01 Jan 1970 00:00:00 GMT'

describe.each([
  ['http', {}, 'ticket-\\d+', 'login-\\d-\\d+', ''],
  ['https', { BASE_URL: 'https://app.example' }, '__Host-Http-ticket', '__Host-login-\\d-\\d+', ' Secure;'],
])('on %s', (_scheme, settings, ticket, login, secure) => {
  // A login comes back from the provider, which is another site: its cookies cannot be Strict (and are of no use alone).
  const set = new RegExp(
    `^(${ticket}=[^;]+; Path=/; Expires=[^;]+; HttpOnly;${secure} SameSite=Strict|${login}=[^;]+; Path=/; HttpOnly;${secure} SameSite=Lax)$`,
  )
  // One of the login library's own, which we do not use, is cleared with every login.
  const cleared = new RegExp(
    `^(${ticket}|${login}|skipSilentLogin)=; Path=/; Expires=${past};( HttpOnly;)?${secure} SameSite=(Lax|Strict)$`,
  )

  test('every cookie of every answer is for this host only, and says nothing (S17, S18, S22)', async () => {
    await using stack = await startStack(settings)
    const browser = new ProxiedBrowser(stack)
    await browser.open('/login?returnTo=/nowhere')
    await browser.login('user@example.com')
    const value = await browser.ticket()
    expect(value).toMatch(/^[\w-]{43}$/)
    expect((await browser.fetch('/api/messages/protected')).status).toBe(200)
    const paths = ['/', '/admin', '/nowhere', '/callback?code=x&state=y', '/api/x']
    for (const path of paths) await browser.open(path)
    await browser.post(await browser.open('/'), '/logout')
    expect(await browser.ticket()).toBeUndefined()

    const secrets = stack.issuedTokens()
    expect(secrets.length).toBeGreaterThan(3)
    const answers = browser.seen.filter(({ url }) => url.origin === stack.baseUrl)
    const lines = answers.flatMap(({ headers }) => headers.getSetCookie())
    expect(lines.filter((line) => line.includes('ticket'))).toHaveLength(2)
    for (const line of lines) {
      expect(line).toMatch(/^[^=]+=;/.test(line) ? cleared : set)
      expect(line.length).toBeLessThan(4096)
      for (const secret of secrets) expect(line).not.toContain(secret.value)
      // What a login under way has to keep (nonce, state, PKCE verifier) is in its cookie, sealed.
      expect(decodeURIComponent(line)).not.toMatch(/user@example\.com|eyJ[\w-]+\.eyJ|[{}"]/)
    }
    // The ticket is in the Set-Cookie header and nowhere else.
    for (const { url, text } of browser.seen) expect(url.href + text).not.toContain(value)
  })
})

/** A browser that reaches the gateway by what BASE_URL says: through a proxy that ends TLS. */
class ProxiedBrowser extends Browser {
  readonly #stack: Stack

  constructor(stack: Stack) {
    super(stack.baseUrl)
    this.#stack = stack
  }

  protected override route(url: URL): URL {
    const { baseUrl, environment } = this.#stack
    const inside = `http://localhost:${environment.BFF_PORT}`
    return url.origin === baseUrl ? new URL(url.pathname + url.search, inside) : url
  }

  protected override sent(headers: Readonly<Record<string, string>>, url: URL) {
    return { ...headers, host: url.host }
  }
}
