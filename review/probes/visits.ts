import type { Browser, Page } from '../../test/support/browser.ts'
import { attribute, elements } from '../../test/support/browser.ts'
import type { Target } from '../target.ts'

/** Whether a script of a page of ours would be served as somebody who is logged in. */
export async function isLoggedIn(browser: Browser, { paths }: Target): Promise<boolean> {
  const { status } = await browser.fetch(paths.api)
  return status < 300
}

/** A browser with the same cookies, as somebody has who copied them. */
export async function copyOf(browser: Browser, target: Target): Promise<Browser> {
  const copy = target.visitor()
  for (const cookie of await browser.jar.getCookies(target.baseUrl))
    await copy.jar.setCookie(cookie.toString(), target.baseUrl)
  return copy
}

/** The Cookie header that it would send to a page of the gateway. */
export const cookieHeader = (browser: Browser, { baseUrl }: Target) => browser.jar.getCookieString(baseUrl)

/** The forms and links of a page that lead to its logout. */
export const waysOut = ({ text }: Page, { paths }: Target) =>
  [...elements(text, 'form'), ...elements(text, 'a')].filter((element) => {
    const address = attribute(element, element.tagName === 'a' ? 'href' : 'action') ?? ''
    return URL.parse(address, 'http://any')?.pathname === paths.logout
  })

/** Logs out as the page offers it, else by its address, and follows it to the end. */
export async function logOut(browser: Browser, target: Target): Promise<Page> {
  const page = await browser.open(target.paths.page)
  const isForm = waysOut(page, target).some(({ tagName }) => tagName === 'form')
  return isForm
    ? browser.post(page, target.paths.logout)
    : browser.open(target.paths.logout, { from: page.url })
}
