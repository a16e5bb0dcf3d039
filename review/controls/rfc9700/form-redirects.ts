import { type Control, finding, notApplicable } from '../../control.ts'

export const control: Control = {
  id: 'RFC9700-4.12-303',
  standard: 'RFC 9700',
  section: '4.12',
  level: 'SHOULD',
  demands: 'What answers a form leads on by 303, which drops what was in the form, never by 307 or 308.',
  met: ['bff/login/logout.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await target.freshLogin()
    const { status, headers } = await browser.sendForm(target.paths.logout)
    const seen = `POST ${target.paths.logout} → ${status}, location: ${headers.get('location') ?? '(none)'}`
    if (status < 300 || status >= 400) return notApplicable(`No form of the gateway leads on: ${seen}`)
    return finding([{ ok: status === 303, seen }])
  },
}
