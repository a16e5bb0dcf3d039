import { Router } from 'express'

/** Pictures for users who have none: the first character of the e-mail address on a tag. */
export function avatars(): Router {
  const router = Router()
  router.get('/avatars/:name.svg', (req, res, next) => {
    const { name } = req.params
    if (!/^([a-z0-9]|other)$/.test(name)) return next()
    res.set({
      'Content-Type': 'image/svg+xml',
      'Cache-Control': 'public, max-age=86400',
      // The gateway's profile page shows it, from another origin.
      'Cross-Origin-Resource-Policy': 'cross-origin',
    })
    res.send(drawAvatar(name === 'other' ? '?' : name.toUpperCase()))
  })
  return router
}

function drawAvatar(character: string): string {
  const hue = (character.charCodeAt(0) * 47) % 360
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">
<rect width="96" height="96" fill="hsl(${hue} 42% 30%)"/>
<text x="48" y="49" fill="#fff" font-family="system-ui, sans-serif" font-size="46" font-weight="600" text-anchor="middle" dominant-baseline="central">${character}</text>
</svg>`
}
