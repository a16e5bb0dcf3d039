import type { Page } from 'playwright-core'

/** Fills the tenant's login form and waits until it leads back to the gateway. */
export async function logInAs(page: Page, email: string, baseUrl: string): Promise<void> {
  await page.fill('input[name=email]', email)
  await page.fill('input[name=password]', 'Passw0rd!')
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  // The callback is a page of its own for a moment, which asks for itself again (edge/onward.ts).
  await page.waitForURL((url) => url.origin === baseUrl && url.pathname !== '/callback')
}

export const click = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).click()
