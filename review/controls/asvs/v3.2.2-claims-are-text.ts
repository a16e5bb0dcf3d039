import { type Control, finding, type Probe, probe } from '../../control.ts'
import { withProvider } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'ASVS-3.2.2',
  standard: 'ASVS 5.0',
  section: '3.2.2',
  level: 'L1',
  demands:
    'What the provider says of a user, and what stands in an address, is shown as text and never as markup.',
  met: ['bff/pages/views.ts', 'bff/login/login-errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const script = '<script>alert(1)</script>'
    const { provider, target: own } = await withProvider(target)
    provider.user = {
      sub: 'auth0|hostile',
      sid: 'hostile',
      name: script,
      nickname: script,
      email: script,
      picture: `"${script}`,
    }
    const browser = own.visitor()
    await browser.open(own.paths.login)
    const probes: Probe[] = []
    for (const [asked, page] of [
      [`GET ${own.paths.page}, a user whose name is a script`, await browser.open(own.paths.page)],
      ['GET / of that user', await browser.open('/')],
      [
        'a callback whose error is a script',
        await own.visitor().open(`/callback?error=${script}&error_description=${script}&state=x`),
      ],
      ['an address that is a script', await browser.open(`/${encodeURIComponent(script)}?${script}`)],
    ] as const) {
      const ok = !page.text.includes(script)
      probes.push(
        probe(ok, `${asked}: ${ok ? 'nothing of it as markup' : 'the script is in the page'}`, page),
      )
    }
    return finding(probes)
  },
}
