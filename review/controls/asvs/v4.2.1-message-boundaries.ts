import { type Control, finding, type Probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-4.2.1',
  standard: 'ASVS 5.0',
  section: '4.2.1',
  level: 'L2',
  demands:
    'A request whose end two programs could see at different places is refused, and the connection with it.',
  met: ['shared/server.ts', 'bff/edge/request-target.ts'],
  needs: 'nothing',
  check: async (target) => {
    const { host } = new URL(target.baseUrl)
    const smuggled = 'GET /smuggled-by-the-review HTTP/1.1\r\nHost: x\r\n\r\n'
    const attempts: readonly (readonly [string, string, string])[] = [
      [
        'Content-Length and Transfer-Encoding',
        `Content-Length: ${smuggled.length + 5}\r\nTransfer-Encoding: chunked`,
        `0\r\n\r\n${smuggled}`,
      ],
      ['two different Content-Length', `Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled],
      ['an unknown transfer coding', 'Transfer-Encoding: xchunked', smuggled],
      ['a coding in front of chunked', 'Transfer-Encoding: identity, chunked', `0\r\n\r\n${smuggled}`],
      ['a blank before the colon', `Content-Length : ${smuggled.length}`, smuggled],
      ['a sign in the length', `Content-Length: +${smuggled.length}`, smuggled],
    ]
    const probes: Probe[] = []
    for (const [what, header, body] of attempts) {
      const text = await target.raw(`POST / HTTP/1.1\r\nHost: ${host}\r\n${header}\r\n\r\n${body}`)
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)
      const ok = statuses.length <= 1 && /^(400|403|411|413|501)?$/.test(statuses[0] ?? '')
      probes.push({ ok, seen: `POST / with ${what} → ${statuses.join(', ') || 'the end of the connection'}` })
    }
    return finding(probes)
  },
}
