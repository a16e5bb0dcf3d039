/** What evidence may say of a token, a cookie or a code: that it was there. */
export function redact(line: string, secrets: ReadonlySet<string>): string {
  let text = line
  for (const secret of secrets) if (secret.length >= 8) text = text.replaceAll(secret, shortened(secret))
  return (
    text
      // Long runs with digits and letters: tokens, states, nonces, digests.
      .replaceAll(/[\w.~+/%-]{24,}/g, (run) =>
        looksRandom(run) ? run.replaceAll(/[\w+-]{20,}/g, random) : run,
      )
      .slice(0, 600)
  )
}

const looksRandom = (text: string) => /\d/.test(text) && /[a-z]/i.test(text)
const random = (text: string) => (looksRandom(text) ? shortened(text) : text)
const shortened = (text: string) => `${text.slice(0, 4)}…(${text.length})`
