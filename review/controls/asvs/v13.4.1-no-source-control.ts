import type { Control } from '../../control.ts'
import { notServed } from '../../probes/not-served.ts'

export const control: Control = {
  id: 'ASVS-13.4.1',
  standard: 'ASVS 5.0',
  section: '13.4.1',
  level: 'L1',
  demands: 'Nothing of the source control is served.',
  met: ['bff/pages/assets.ts'],
  needs: 'nothing',
  check: async (target) => {
    return notServed(target, [
      '/.git/config',
      '/.git/HEAD',
      '/.svn/entries',
      '/.hg/hgrc',
      '/.gitignore',
      '/assets/../.git/config',
    ])
  },
}
