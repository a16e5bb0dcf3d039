// What htmx leaves to the page. Everything works without this file, and without htmx.

// After navigation: keyboard and screen reader go on at the new page's heading, as after a full page load.
document.addEventListener('htmx:finally:swap', ({ detail: { ctx } }) => {
  if (ctx.target === document.body) document.querySelector('h1')?.focus({ preventScroll: true })
})

// The gateway cannot be reached: leave it to the browser to say so, instead of a click that does nothing.
document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
  if (ctx && !ctx.response && ctx.sourceElement.id !== 'session') location.assign(ctx.request.action)
})

// A page out of the back/forward cache may show who was logged in before a logout.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload()
})

// The server knows no time zones, and says UTC.
function showOwnTime() {
  for (const time of document.querySelectorAll('time')) {
    const at = new Date(time.dateTime)
    const sameDay = at.toDateString() === new Date().toDateString()
    const date = sameDay ? {} : { day: 'numeric', month: 'short' }
    time.textContent = at.toLocaleString('en-GB', { ...date, hour: '2-digit', minute: '2-digit' })
  }
}
showOwnTime()
document.addEventListener('htmx:after:swap', showOwnTime)
