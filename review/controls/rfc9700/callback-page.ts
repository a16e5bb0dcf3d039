import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { callbackPath } from './lab/login.ts'

const links = [
  'a',
  'area',
  'link',
  'base',
  'script',
  'img',
  'iframe',
  'object',
  'embed',
  'form',
  'video',
  'audio',
]
const attributes = ['href', 'src', 'action', 'data', 'srcset', 'poster']

export const control: Control = {
  id: 'RFC9700-4.2.4-PAGE',
  standard: 'RFC 9700',
  section: '4.2.4',
  level: 'SHOULD',
  demands: 'The page that a callback ends with loads nothing from other sites and links to none.',
  met: ['bff/login/login-errors.ts', 'views/error.eta'],
  needs: 'nothing',
  check: async (target) => {
    const browser = target.visitor()
    const path = await callbackPath(target)
    const page = await browser.open(`${path}?code=none&state=none`)
    const own = browser.seen.filter(({ url }) => url.origin === target.baseUrl)
    const foreign = links.flatMap((name) =>
      elements(page.text, name).flatMap((element) =>
        attributes.flatMap((each) => {
          const url = URL.parse(attribute(element, each) ?? '', page.url)
          return url && url.origin !== target.baseUrl ? [`<${name} ${each}="${url.href}">`] : []
        }),
      ),
    )
    const shown = `${own.length} answer(s), the last with ${page.status} and ${page.text.length} characters`
    return finding([
      {
        ok: foreign.length === 0,
        seen: `GET ${path} → ${shown}; of other sites: ${foreign.join(', ') || 'nothing'}`,
      },
    ])
  },
}
