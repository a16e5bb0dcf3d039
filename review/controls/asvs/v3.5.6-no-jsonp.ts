import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-3.5.6',
  standard: 'ASVS 5.0',
  section: '3.5.6',
  level: 'L3',
  demands: 'No answer of the API can be made a script by a parameter.',
  met: ['bff/gateway/match.ts', 'bff/gateway/answer.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    const probes: Probe[] = []
    for (const name of ['callback', 'jsonp', 'cb']) {
      const answer = await browser.fetch(`${target.paths.api}?${name}=stolen`)
      const type = answer.headers.get('content-type') ?? ''
      const isScript = /javascript/i.test(type) || /^\W*stolen\s*\(/.test(answer.text)
      probes.push(probe(!isScript, `GET ${target.paths.api}?${name}=stolen`, answer, 'content-type'))
    }
    return finding(probes)
  },
}
