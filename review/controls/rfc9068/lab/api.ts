import { type Page, send } from '../../../../test/support/browser.ts'
import type { OpenidProvider } from '../../../../test/support/openid-provider.ts'
import { type Finding, finding } from '../../../control.ts'
import { withProvider } from '../../../probes/set-ups.ts'
import type { Target } from '../../../target.ts'

export type Message = 'public' | 'protected' | 'admin'

/** Asks the messages API itself, which trusts the provider that signs whatever a control wants signed. */
export async function ask(
  target: Target,
  authorization: string | undefined,
  message: Message = 'protected',
): Promise<Page> {
  const { stack } = (await withProvider(target)).target
  const headers = authorization === undefined ? {} : { authorization }
  return send(new URL(`/api/messages/${message}`, stack.apiUrl), 'GET', headers)
}

type Tokens = Readonly<Record<string, string | Promise<string>>>

/** Access tokens with one fault each: 401. And one without: without it an API that takes no token would pass. */
export async function refuses(
  target: Target,
  faults: (provider: OpenidProvider) => Tokens | Promise<Tokens>,
): Promise<Finding> {
  const { provider } = await withProvider(target)
  const probes = []
  for (const [fault, token] of Object.entries(await faults(provider))) {
    const { status } = await ask(target, `Bearer ${await token}`)
    probes.push({ ok: status === 401, seen: `an access token ${fault} → ${status}` })
  }
  const { status } = await ask(target, `Bearer ${await provider.token()}`)
  return finding([...probes, { ok: status === 200, seen: `a good one → ${status}` }])
}
