import { type Control, finding } from '../../control.ts'

/** Those that got through somewhere once: other parsers' blanks, slashes, dots, encodings and user names. */
const hostile = [
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/.//evil.example',
  '/%2f%2fevil.example',
  '/%5cevil.example',
  'https:evil.example',
  '/@evil.example/..//',
  '//localhost@evil.example/',
  'javascript:alert(1)',
  '/\r\nLocation: https://evil.example/',
  '/ /evil.example',
]

export const control: Control = {
  id: 'RFC9700-4.11.1-LOGIN',
  standard: 'RFC 9700',
  section: '4.11.1',
  level: 'MUST',
  demands: 'A login ends at a page of the gateway, whatever page it was begun for.',
  met: ['bff/edge/return-to.ts', 'bff/login/login.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const probes = []
    for (const address of hostile) {
      const login = `${target.paths.login}?returnTo=${encodeURIComponent(address)}`
      // Another host than those of the set-up is nowhere: going there ends in an error.
      const ended = await browser.open(login).then(
        ({ url }) => url.href,
        (error: Error) => error.message,
      )
      const { pathname, origin } = URL.parse(ended) ?? { origin: ended, pathname: '' }
      probes.push({
        ok: origin === target.baseUrl && !/evil|^\/[/\\]/.test(pathname),
        seen: `a login for ${JSON.stringify(address)} ends at ${origin}${pathname}`,
      })
    }
    return finding(probes)
  },
}
