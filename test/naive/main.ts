import { createServer } from 'node:http'
import express from 'express'
import eoc from 'express-openid-connect'
import { createProxyMiddleware } from 'http-proxy-middleware'
import { embeddedClients } from '../../shared/identity-provider.ts'

/**
 * A gateway as it comes of two good libraries and their first examples, with nothing thought of besides: the login
 * library's defaults in front of everything, and a proxy that adds the access token and forwards the rest as it is.
 * The review (npm run review -- --program test/naive/main.ts) has to find what is wrong with that. Never deploy it.
 */
const { BFF_PORT = '4040', API_PORT = '6060', TENANT_PORT = '7070', AUTH0_AUDIENCE } = process.env
const { BASE_URL = `http://localhost:${BFF_PORT}`, API_SERVER_URL } = process.env
const { id, secret } = embeddedClients.gateway
const app = express()

app.use(
  eoc.auth({
    issuerBaseURL: process.env.ISSUER_URL ?? `http://127.0.0.1:${TENANT_PORT}/`,
    baseURL: BASE_URL,
    clientID: process.env.AUTH0_CLIENT_ID ?? id,
    clientSecret: process.env.AUTH0_CLIENT_SECRET ?? secret,
    clientAuthMethod: 'client_secret_post',
    secret: 'a-long-random-string-of-the-example',
    authRequired: true,
    idpLogout: true,
    authorizationParams: {
      response_type: 'code',
      audience: AUTH0_AUDIENCE ?? 'https://hello-world.example.com',
      scope: 'openid profile email offline_access',
    },
  }),
)

app.use(async (req, _res, next) => {
  let token = req.oidc.accessToken
  if (token?.isExpired()) token = await token.refresh()
  if (token) req.headers.authorization = `Bearer ${token.access_token}`
  next()
})
app.use(
  createProxyMiddleware({
    pathFilter: '/api',
    target: API_SERVER_URL ?? `http://localhost:${API_PORT}`,
    changeOrigin: true,
  }),
)

app.get('/', (req, res) => {
  res.send(
    `<h1>Hello ${req.oidc.user?.name}</h1><a href="/profile">Profile</a> <a href="/logout">Log out</a>`,
  )
})
app.get('/profile', (req, res) => {
  res.send(`<h1>Profile</h1><pre>${JSON.stringify(req.oidc.user, null, 2)}</pre>`)
})

createServer(app).listen(Number(BFF_PORT), 'localhost', () => process.send?.('serving'))
process.on('disconnect', () => process.exit(0))
