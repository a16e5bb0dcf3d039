/**
 * A browser with five logins under way (login/oidc.ts) sends five cookies that hold it, and a callback holds it once
 * more: were it longer, Node would refuse all that (16 kB of headers), and the browser could not log in any more.
 */
const longestPath = 1000

/**
 * The page to come back to after login, if it is a path of this gateway, else `/`.
 * To a browser "//host" and "/\host" are other sites, and it drops tabs and line ends before it looks. Do
 * not replace the first check by parsing alone: parsers differ in what they drop, an allow-list does not.
 */
export function localPath(value: unknown, baseUrl: string): string {
  if (typeof value !== 'string') return '/'
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(value) || value.includes('\\')) return '/'
  const url = URL.parse(value, baseUrl)
  if (url?.origin !== baseUrl) return '/'
  // "/.//host" becomes "//host" once its dots are resolved.
  if (url.pathname.startsWith('//')) return '/'
  // "/%2f%2fhost", "/%5chost" and "/%0d%0aSet-Cookie:" are plain paths to a browser, but not to every proxy that
  // decodes a path before it redirects. No path of ours needs an encoded ASCII character.
  if (/%[0-7]/.test(url.pathname)) return '/'
  // Coming back to these would log out, log in again, or show JSON.
  if (/^\/(login|signup|callback|logout|api)(\/|$)/i.test(url.pathname)) return '/'
  // Not the length of the value: the parser may have encoded some of it.
  const path = url.pathname + url.search
  return path.length > longestPath ? '/' : path
}
