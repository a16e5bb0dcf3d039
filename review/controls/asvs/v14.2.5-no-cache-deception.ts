import { elements, navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-14.2.5',
  standard: 'ASVS 5.0',
  section: '14.2.5',
  level: 'L3',
  demands: 'An address that looks like a static file never leads to a page of the user’s own.',
  met: ['bff/app.ts', 'bff/edge/request-target.ts'],
  needs: 'login',
  check: async (target) => {
    const { page } = target.paths
    const own = await target.own(page)
    const sample = elements(own.text, 'h1').length + own.text.length
    const probes: Probe[] = []
    for (const path of [
      `${page}/x.css`,
      `${page};x.css`,
      `${page}%2fx.css`,
      `${page}%00.css`,
      `${page}.css`,
      `${page}%3fx.css`,
    ]) {
      const answer = await (await target.loggedIn()).request(path, {
        headers: { ...navigationHeaders, 'sec-fetch-site': 'same-origin' },
      })
      const isSame =
        answer.status < 300 &&
        Math.abs(elements(answer.text, 'h1').length + answer.text.length - sample) < 200
      const isKept = !/no-store|private/i.test(answer.headers.get('cache-control') ?? '')
      probes.push(
        probe(
          !(isSame && isKept) && answer.status !== 200,
          `GET ${path}, logged in`,
          answer,
          'cache-control',
        ),
      )
    }
    return finding(probes)
  },
}
