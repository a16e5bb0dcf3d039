import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-13.4.2',
  standard: 'ASVS 5.0',
  section: '13.4.2',
  level: 'L2',
  demands: 'Errors show no stack trace, no file name and no name of a library.',
  met: ['bff/edge/errors.ts'],
  needs: 'nothing',
  check: async (target) => {
    const visitor = target.visitor()
    const probes: Probe[] = []
    for (const path of [
      '/%c0',
      '/callback?code=x&state=x',
      '/callback?state=%00',
      `${target.paths.login}?returnTo[a]=1&prompt[]=x`,
      '/no-such-page',
    ]) {
      for (const headers of [navigationHeaders, { accept: 'application/json' }]) {
        const answer = await visitor.request(path, { headers })
        const traced = /\bat .{1,80}\(?(file:|\/|node:).*:\d+|node_modules|Error: |<pre>/.test(answer.text)
        probes.push(
          probe(!traced, `GET ${path}${headers.accept.startsWith('text') ? ' as a page' : ''}`, answer),
        )
      }
    }
    return finding(probes)
  },
}
