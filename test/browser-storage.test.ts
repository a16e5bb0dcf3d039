import { expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { startStack } from './support/stack.ts'
import { click, logInAs } from './support/visitor.ts'

const kept = `(async () => ({
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  cookies: document.cookie,
}))()`

test('a browser keeps nothing but HttpOnly cookies, and no address says anything (K10, K11)', async () => {
  await using stack = await startStack()
  await using chromium = await launchChromium()
  const page = await (await chromium.newContext()).newPage()
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.goto(`${stack.baseUrl}/login?returnTo=/profile`)
  await logInAs(page, 'admin@example.com', stack.baseUrl)
  for (const name of ['Public', 'Protected', 'Admin', 'Profile']) {
    await click(page, name)
    await page.waitForURL(`**/${name.toLowerCase()}`)
  }
  const nothing = { local: 0, session: 0, databases: 0, caches: 0, workers: 0, cookies: '' }
  expect(await page.evaluate(kept)).toEqual(nothing)
  const [ticket] = await page.context().cookies(stack.baseUrl)
  const formToken = await page.locator('input[name=token]').first().inputValue()
  await page.getByRole('button', { name: 'Log Out' }).click()
  await page.getByRole('link', { name: 'Log In', exact: true }).waitFor()
  expect(await page.evaluate(kept)).toEqual(nothing)
  expect(await page.context().cookies(stack.baseUrl)).toEqual([])

  // The code has to cross the browser once (RFC 6749 section 4.1.2), in the address of the callback.
  const elsewhere = addresses.filter((address) => new URL(address).pathname !== '/callback').join('\n')
  const secrets = [...stack.issuedTokens().map(({ value }) => value), ticket?.value ?? '', formToken]
  expect(secrets.length).toBeGreaterThan(5)
  for (const secret of secrets) expect(elsewhere).not.toContain(secret)
})
