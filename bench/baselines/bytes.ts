import { createServer } from 'node:http'
import { Readable } from 'node:stream'

/** An API that answers /api/bytes/N with so many bytes. */
const chunk = Buffer.alloc(65_536, 'Plain words, none of which is a token. ')

function* chunks(size: number) {
  for (let rest = size; rest > 0; rest -= chunk.length)
    yield rest < chunk.length ? chunk.subarray(0, rest) : chunk
}

createServer((req, res) => {
  const size = Number(req.url?.split('/').at(-1))
  res.setHeader('Content-Type', 'application/octet-stream').setHeader('Content-Length', size)
  if (size <= chunk.length) res.end(chunk.subarray(0, size))
  else Readable.from(chunks(size)).pipe(res)
}).listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('serving'))
