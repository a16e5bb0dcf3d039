import express from 'express'

/** What Express takes to answer with the public message and nothing else. */
const app = express()
app.get('/api/messages/public', (_req, res) => {
  res.json({ text: 'This is a public message.' })
})
app.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('serving'))
