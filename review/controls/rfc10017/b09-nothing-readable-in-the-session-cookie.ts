import { type Control, finding } from '../../control.ts'

const telling = /"(sub|sid|name|email|access_token|refresh_token|id_token)" ?:|eyJ[\w-]+\.eyJ/

/** A value as it is, percent-decoded, and with every run that may be base64 decoded. */
const readings = (value: string) => [
  value,
  value.replace(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString()),
  ...(value.match(/[\w+/-]{16,}/g) ?? []).map((run) => Buffer.from(run, 'base64').toString()),
]

export const control: Control = {
  id: 'RFC10017-6.1-B9',
  standard: 'RFC 10017',
  section: '6.1.3.2',
  level: 'SHOULD',
  demands: 'A session that is kept in the cookie itself is encrypted: nobody reads a token or a claim in it.',
  met: ['bff/session/ticket.ts', 'bff/session/seal.ts'],
  needs: 'login',
  check: async (target) => {
    const cookies = await (await target.loggedIn()).jar.getCookies(target.baseUrl)
    if (cookies.length === 0) throw new Error('There is no session cookie')
    return finding(
      cookies.map(({ key, value }) => {
        const found = readings(value).find((text) => telling.test(text))
        return {
          ok: found === undefined,
          seen: `${key}, ${value.length} characters: ${found === undefined ? 'no token or claim to be read in it' : 'a token or claim can be read in it'}`,
        }
      }),
    )
  },
}
