/** One server of a URL. */
export interface Host {
  readonly host: string
  readonly port: number
}

/** A `jdbc:` URL taken apart. What the parameters mean is the dialect's to say. */
export interface JdbcUrl {
  readonly dialect: string
  readonly hosts: readonly Host[]
  readonly database: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

const defaultPorts: Readonly<Record<string, number>> = { postgresql: 5432 }

/**
 * Reads `jdbc:postgresql://host:port,[::1]:port/database?a=b&c=d`, `jdbc:postgresql:database` and
 * `jdbc:postgresql:/` as the PostgreSQL driver for Java does
 * (https://jdbc.postgresql.org/documentation/use/#connecting-to-the-database). Throws a `UrlFault` whose message
 * completes "Option 'url' ...".
 */
export function parseJdbcUrl(url: string): JdbcUrl {
  const scheme = /^jdbc:([a-z][a-z0-9+-]*):(.*)$/is.exec(url.trim())
  if (scheme === null) throw new UrlFault(`must begin with 'jdbc:', as in jdbc:postgresql://localhost:5432/db`)
  const dialect = scheme[1]!.toLowerCase()
  const port = defaultPorts[dialect]
  if (port === undefined)
    throw new UrlFault(
      `names '${dialect}', and this connector knows ${Object.keys(defaultPorts).join(', ')} so far, as in jdbc:postgresql://localhost:5432/db`,
    )
  const [address, query] = cut(scheme[2]!, '?')
  const parameters = parseQuery(query ?? '')
  if (!address.startsWith('//')) {
    const database = decode(address.replace(/^\//, ''))
    return { dialect, hosts: [{ host: 'localhost', port }], database: database || undefined, parameters }
  }
  const [authority, path] = cut(address.slice(2), '/')
  if (authority.includes('@')) throw new UrlFault(`must not hold a user before the host: use 'username' and 'password'`)
  const hosts =
    authority === '' ? [{ host: 'localhost', port }] : authority.split(',').map((one) => parseHost(one, port))
  return { dialect, hosts, database: decode(path ?? '') || undefined, parameters }
}

/** What is wrong with a URL. Never repeats the URL, which may hold a password. */
export class UrlFault extends Error {}

function parseHost(text: string, defaultPort: number): Host {
  const match = /^(?:\[([0-9a-f:.]+(?:%[^\]]+)?)\]|([^:[\]]*))(?::(\d+))?$/i.exec(text)
  if (match === null)
    throw new UrlFault('has a host that is neither a name, an IPv4 nor a bracketed IPv6 address with a port')
  const port = match[3] === undefined ? defaultPort : Number(match[3])
  if (port < 1 || port > 65535) throw new UrlFault(`has a port that is not from 1 to 65535: ${match[3]}`)
  return { host: match[1] ?? (decode(match[2]!) || 'localhost'), port }
}

function parseQuery(query: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [key, value] = cut(pair, '=')
    const name = decode(key)
    if (parameters.has(name)) throw new UrlFault(`has the parameter '${name}' twice`)
    parameters.set(name, value === undefined ? '' : decode(value))
  }
  return parameters
}

function cut(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at)
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new UrlFault('has a % that is not followed by two hexadecimal digits of UTF-8: write %25 for a percent sign')
  }
}
