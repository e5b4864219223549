// Draws /api/v1/openapi.json. No library: the page must work on an island, under a strict content policy.
const response = await fetch('/api/v1/openapi.json')
const api = await response.json()

/** An element with properties and children; texts are only ever texts. */
function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children.filter((child) => child !== undefined && child !== null))
  return element
}

const schemaLink = (name) => el('a', { href: `#schema-${name}` }, el('code', {}, name))
const nameOf = (schema) => schema?.$ref?.split('/').at(-1)

/** A schema in one line: `string (date-time)`, `Contact[]`, `"open" | "closed"`, `User or null`. */
function typeOf(schema) {
  if (!schema || Object.keys(schema).length === 0) return ['anything']
  const name = nameOf(schema)
  if (name) return [schemaLink(name)]
  if (schema.const !== undefined) return [JSON.stringify(schema.const)]
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(' | ')]
  const either = schema.anyOf ?? schema.oneOf
  if (either) return either.flatMap((one, n) => (n > 0 ? [' or ', ...typeOf(one)] : typeOf(one)))
  if (schema.allOf) return schema.allOf.flatMap((one, n) => (n > 0 ? [' and ', ...typeOf(one)] : typeOf(one)))
  if (schema.type === 'array') return [...typeOf(schema.items), '[]']
  if (schema.patternProperties) return ['{ … : ', ...typeOf(Object.values(schema.patternProperties)[0]), ' }']
  if (schema.properties) return [`{ ${Object.keys(schema.properties).join(', ')} }`]
  return [schema.type ?? 'anything', schema.format ? ` (${schema.format})` : '', limits(schema)]
}

function limits(schema) {
  const words = []
  if (schema.minLength !== undefined || schema.maxLength !== undefined)
    words.push(`${schema.minLength ?? 0} … ${schema.maxLength ?? '∞'} characters`)
  if (schema.minimum !== undefined || schema.maximum !== undefined)
    words.push(`${schema.minimum ?? '−∞'} … ${schema.maximum ?? '∞'}`)
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`)
  return words.length > 0 ? `, ${words.join(', ')}` : ''
}

function fieldTable(schema) {
  if (schema.allOf) return el('div', {}, ...schema.allOf.map((part) => schemaView(part)))
  const either = schema.anyOf ?? schema.oneOf
  if (either && either.some((one) => one.properties)) return el('div', {}, ...either.map((part) => schemaView(part)))
  if (!schema.properties) return el('p', {}, ...typeOf(schema))
  const rows = Object.entries(schema.properties).map(([name, field]) =>
    el(
      'tr',
      {},
      el('td', {}, el('code', {}, name), schema.required?.includes(name) ? '' : ' ?'),
      el('td', {}, ...typeOf(field), field.properties ? fieldTable(field) : undefined),
      el('td', {}, field.description ?? ''),
    ),
  )
  return el('table', {}, el('tbody', {}, ...rows))
}

const schemaView = (schema) => (nameOf(schema) ? el('p', {}, schemaLink(nameOf(schema))) : fieldTable(schema))

function operationView(path, method, operation) {
  const parts = []
  if (operation.parameters?.length > 0) {
    const rows = operation.parameters.map((one) =>
      el(
        'tr',
        {},
        el('td', {}, el('code', {}, one.name), one.required ? '' : ' ?'),
        el('td', {}, one.in),
        el('td', {}, ...typeOf(one.schema)),
        el('td', {}, one.schema.description ?? ''),
      ),
    )
    parts.push(el('strong', {}, 'Parameters'), el('table', {}, el('tbody', {}, ...rows)))
  }
  for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {}))
    parts.push(el('strong', {}, `Body: ${type}`), schemaView(schema))
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (answer.$ref) continue
    for (const [type, { schema }] of Object.entries(answer.content ?? {}))
      parts.push(el('strong', {}, `Answer ${status}: ${type}`), schemaView(schema))
  }
  const view = el(
    'details',
    { id: operation.operationId },
    el(
      'summary',
      {},
      el('span', { className: 'method' }, method.toUpperCase()),
      el('code', {}, path),
      el('span', {}, operation.summary),
      el('code', { className: 'right', title: 'the right it needs' }, operation['x-right'] ?? ''),
    ),
    el('div', {}, ...parts),
  )
  const text = JSON.stringify([
    path,
    method,
    operation.summary,
    operation['x-right'],
    operation.parameters,
    operation.requestBody,
  ])
  return { view, text: text.toLowerCase(), tag: operation.tags?.[0] ?? '' }
}

document.getElementById('version').textContent = api.info.version
document.getElementById('about').textContent = api.info.description
const main = document.getElementById('main')
const index = document.getElementById('index')
const count = document.getElementById('count')

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
    .map(([method, operation]) => operationView(item.servers ? path : `/api/v1${path}`, method, operation)),
)
const schemas = Object.entries(api.components.schemas).map(([name, schema]) => ({
  view: el(
    'details',
    { id: `schema-${name}` },
    el('summary', {}, el('code', {}, name)),
    el('div', {}, fieldTable(schema)),
  ),
  text: `${name} ${JSON.stringify(schema)}`.toLowerCase(),
  tag: 'Schemas',
}))

const sections = new Map()
for (const entry of [...operations, ...schemas]) {
  if (!sections.has(entry.tag)) {
    const section = el('section', { id: `tag-${entry.tag}` }, el('h2', {}, entry.tag))
    const link = el('a', { href: `#tag-${entry.tag}` }, entry.tag)
    sections.set(entry.tag, { section, link, entries: [] })
    main.append(section)
    index.append(link)
  }
  const { section, entries } = sections.get(entry.tag)
  section.append(entry.view)
  entries.push(entry)
}

function search(asked) {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean)
  let found = 0
  for (const { section, link, entries } of sections.values()) {
    let here = 0
    for (const { view, text } of entries) {
      view.hidden = !words.every((word) => text.includes(word))
      if (!view.hidden) here++
    }
    section.hidden = here === 0
    link.hidden = here === 0
    found += here
  }
  count.textContent = words.length > 0 ? `${found} found` : `${operations.length} operations, ${schemas.length} schemas`
}

document.getElementById('search').addEventListener('input', (event) => search(event.target.value))
search('')

/** A link opens what it points at. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (target instanceof HTMLDetailsElement) target.open = true
  target?.scrollIntoView()
}
addEventListener('hashchange', openTarget)
openTarget()
