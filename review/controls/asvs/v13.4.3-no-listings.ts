import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-13.4.3',
  standard: 'ASVS 5.0',
  section: '13.4.3',
  level: 'L2',
  demands: 'No folder shows what is in it.',
  met: ['bff/pages/assets.ts'],
  needs: 'nothing',
  check: async (target) => {
    const probes: Probe[] = []
    for (const path of [
      '/assets/',
      '/assets',
      '/public/',
      '/static/',
      '/views/',
      '/docs/',
      '/node_modules/',
    ]) {
      const answer = await target.anonymous(path)
      const lists =
        answer.status < 300 &&
        /index of|directory listing|<a href="[^"]*\.(js|css|ts|md|json)"/i.test(answer.text)
      probes.push(probe(!lists, `GET ${path}`, answer))
    }
    return finding(probes)
  },
}
