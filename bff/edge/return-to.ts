const longestPath = 2000

/**
 * The page to come back to after login, if it is a path of this gateway, else `/`.
 * To a browser "//host" and "/\host" are other sites, and it drops tabs and line ends before it looks. Do
 * not replace the first check by parsing alone: parsers differ in what they drop, an allow-list does not.
 */
export function localPath(value: unknown, baseUrl: string): string {
  if (typeof value !== 'string' || value.length > longestPath) return '/'
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(value) || value.includes('\\')) return '/'
  const url = URL.parse(value, baseUrl)
  if (url?.origin !== baseUrl) return '/'
  // "/.//host" becomes "//host" once its dots are resolved.
  if (url.pathname.startsWith('//')) return '/'
  // Coming back to these would log out, log in again, or show JSON.
  if (/^\/(login|signup|callback|logout|api)(\/|$)/i.test(url.pathname)) return '/'
  return url.pathname + url.search
}
