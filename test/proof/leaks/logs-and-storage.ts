import { blind, type Planted } from './leak.ts'

export const inLogsAndStorage: readonly Planted[] = [
  {
    name: 'a line of the log',
    edits: [
      [
        'bff/gateway/proxy.ts',
        '      void (route.answers.includes(events)',
        '      process.stdout.write(`${JSON.stringify({ sent: req.headers })}\\n`)\n      void (route.answers.includes(events)',
      ],
    ],
    guard: blind,
  },
  {
    name: 'the addresses in the log, with their queries',
    edits: [
      [
        'bff/edge/request-log.ts',
        'const { method, path } = req',
        'const { method, originalUrl: path } = req',
      ],
    ],
    guard: blind,
  },
  {
    name: 'rows that are not sealed',
    edits: [
      [
        'bff/session/rows.ts',
        '    sealed: seal.seal(ticket, JSON.stringify(record)),',
        '    sealed: Buffer.from(JSON.stringify(record)),',
      ],
      [
        'bff/session/rows.ts',
        '      const plain = seal.open(holder, sealed)',
        '      const plain = sealed[0] === 123 ? Buffer.from(sealed).toString() : seal.open(holder, sealed)',
      ],
    ],
    guard: blind,
  },
  {
    name: 'rows that are found by the ticket itself',
    edits: [
      [
        'bff/session/seal.ts',
        "  const keyOf = (ticket: string) => hash('sha256', ticket, 'base64url')",
        '  const keyOf = (ticket: string) => ticket',
      ],
    ],
    guard: blind,
  },
]
