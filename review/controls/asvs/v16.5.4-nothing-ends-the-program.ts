import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe } from '../../control.ts'

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export const control: Control = {
  id: 'ASVS-16.5.4',
  standard: 'ASVS 5.0',
  section: '16.5.4',
  level: 'L3',
  demands: 'No request, however broken, ends the program or keeps it from answering the next one.',
  met: ['bff/edge/errors.ts', 'shared/plain-answers.ts', 'shared/server.ts'],
  needs: 'embedded',
  check: async (target) => {
    const { host } = new URL(target.baseUrl)
    const end = `Host: ${host}\r\nConnection: close\r\n`
    const broken = [
      'nonsense\r\n\r\n',
      `GET /%ff%fe HTTP/1.1\r\n${end}\r\n`,
      `GET http:// HTTP/1.1\r\n${end}\r\n`,
      `GET / HTTP/1.1\r\n${end}Cookie: ${'a=b; '.repeat(3000)}\r\n\r\n`,
      `GET ${target.paths.page} HTTP/1.1\r\n${end}Cookie: __proto__=x; hasOwnProperty=1; toString=1\r\n\r\n`,
      `POST ${target.paths.logout} HTTP/1.1\r\n${end}Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{`,
      `GET /callback?state=%7B%22&code[]=x&code[a]=y HTTP/1.1\r\n${end}\r\n`,
    ]
    const { pid } = target.stack.bff
    const probes: Probe[] = []
    for (const text of broken) {
      const answer = await target.raw(text)
      const after = await target
        .visitor()
        .request('/', { headers: navigationHeaders })
        .catch(() => undefined)
      const ok = after !== undefined && after.status < 500
      probes.push({
        ok,
        seen: `${text.split('\r\n', 1)[0]?.slice(0, 60)} → ${answer.slice(9, 12) || 'the end of the connection'}; the next request: ${after?.status ?? 'no answer'}`,
      })
    }
    return finding([...probes, { ok: isAlive(pid), seen: 'The process is the one that was started' }])
  },
}
