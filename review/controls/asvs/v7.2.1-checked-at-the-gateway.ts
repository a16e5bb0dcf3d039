import { type Control, finding, probe } from '../../control.ts'
import { cookieHeader } from '../../probes/visits.ts'

/** Another character of the same alphabet in its place. */
const changedAt = (value: string, at: number) =>
  `${value.slice(0, at)}${value.charAt(at) === 'A' ? 'B' : 'A'}${value.slice(at + 1)}`

export const control: Control = {
  id: 'ASVS-7.2.1',
  standard: 'ASVS 5.0',
  section: '7.2.1',
  level: 'L1',
  demands: 'A session cookie that was changed by one character opens nothing.',
  met: ['bff/session/seal.ts', 'bff/session/rows.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    const whole = await cookieHeader(browser, target)
    const own = await browser.fetch(target.paths.api)
    const probes = [probe(own.status < 300, `GET ${target.paths.api} with the cookie as it is`, own)]
    for (const part of [0.2, 0.5, 0.8]) {
      const cookies = await browser.jar.getCookies(target.baseUrl)
      const changed = cookies
        .map(({ key, value }) => `${key}=${changedAt(value, Math.floor(value.length * part))}`)
        .join('; ')
      if (changed === whole) throw new Error('Nothing was changed')
      const answer = await target.visitor({ cookie: changed }).fetch(target.paths.api)
      probes.push(
        probe(
          answer.status >= 300,
          `GET ${target.paths.api} with a character changed at ${part * 100} %`,
          answer,
        ),
      )
    }
    return finding(probes)
  },
}
