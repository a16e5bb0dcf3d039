import http, { createServer } from 'node:http'

/** The least that a proxy in Node can do: every request as it is, over connections that are kept. */
const { PORT, API_SERVER_URL = '' } = process.env
const { hostname: host, port } = new URL(API_SERVER_URL)
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })

createServer((req, res) => {
  const { method, url: path, headers } = req
  const upstream = http.request({ agent, host, port, method, path, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
  })
  upstream.on('error', () => res.destroy())
  req.pipe(upstream)
}).listen(Number(PORT), '127.0.0.1', () => process.send?.('serving'))
