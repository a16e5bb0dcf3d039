import http from 'node:http'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'

/** Express and http-proxy-middleware as their first examples show them, over connections that are kept; no session. */
const { PORT, API_SERVER_URL: target = '' } = process.env
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })

express()
  .use(createProxyMiddleware({ pathFilter: '/api', target, changeOrigin: true, agent }))
  .listen(Number(PORT), '127.0.0.1', () => process.send?.('serving'))
