import { type Control, finding, probe } from '../../control.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B19',
  standard: 'RFC 10017',
  section: '6.1.2.1',
  level: 'described',
  demands:
    'A script can ask whether somebody is logged in, and is told so instead of being sent to another site.',
  met: ['bff/edge/errors.ts', 'bff/pages/session-routes.ts'],
  needs: 'login',
  check: async (target) => {
    const anonymous = await target.visitor().fetch(target.paths.page)
    const own = await (await target.loggedIn()).fetch(target.paths.page)
    return finding([
      probe(
        anonymous.status === 401,
        `A script asks for ${target.paths.page}, nobody logged in`,
        anonymous,
        'location',
      ),
      probe(own.status < 300, `A script asks for ${target.paths.page}, logged in`, own),
    ])
  },
}
