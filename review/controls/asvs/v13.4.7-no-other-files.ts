import type { Control } from '../../control.ts'
import { notServed } from '../../probes/not-served.ts'

export const control: Control = {
  id: 'ASVS-13.4.7',
  standard: 'ASVS 5.0',
  section: '13.4.7',
  level: 'L3',
  demands: 'No file is served that is not meant to be: no source, no settings, no copy that an editor left.',
  met: ['bff/pages/assets.ts'],
  needs: 'nothing',
  check: async (target) => {
    return notServed(target, [
      '/package.json',
      '/package-lock.json',
      '/.env',
      '/.env.example',
      '/bff/main.ts',
      '/views/home.eta',
      '/public/app.css',
      '/app.js.map',
      '/index.html.bak',
      '/.data/sessions.db',
      '/node_modules/express/package.json',
    ])
  },
}
