import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-4.2.5',
  standard: 'ASVS 5.0',
  section: '4.2.5',
  level: 'L3',
  demands:
    'However long the address is at which a login begins, the address that it leads to is not too long for the provider.',
  met: ['bff/edge/return-to.ts'],
  needs: 'nothing',
  check: async (target) => {
    const long = `${target.paths.page}?x=${'a'.repeat(3500)}`
    const probes: Probe[] = []
    for (const path of [`${target.paths.login}?returnTo=${encodeURIComponent(long)}`, long]) {
      const browser = target.visitor()
      let answer = await browser.request(path, { headers: navigationHeaders })
      for (let hop = 0; hop < 3 && answer.headers.get('location')?.startsWith('/'); hop += 1)
        answer = await browser.request(answer.headers.get('location') ?? '/', { headers: navigationHeaders })
      const length = answer.headers.get('location')?.length ?? 0
      probes.push({
        ok: length < 4096,
        seen: `A login from an address of ${path.length} characters → ${answer.status}, Location of ${length}`,
      })
    }
    return finding(probes)
  },
}
