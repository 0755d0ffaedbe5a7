import { nearest } from '@cdc/core'
import { type ConnectionSettings, connectionParameters, readParameters } from './postgresql/settings.ts'
import { type JdbcUrl, parseJdbcUrl, UrlFault } from './url.ts'

interface SettingOptions {
  readonly url?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly 'connection-properties.*'?: Readonly<Record<string, string>> | undefined
  readonly 'connection.max-retry-timeout'?: number | undefined
}
type Problem = (
  option: 'url' | 'username' | 'password' | 'connection-properties.*',
  message: string,
  hint?: string,
) => void

/** Reports every fault in what the options say about the connection. */
export function checkSettings(options: SettingOptions, problem: Problem): void {
  if (options.url === undefined) return
  try {
    connectionSettings(options, problem)
  } catch (fault) {
    if (!(fault instanceof UrlFault)) throw fault
    problem('url', `Option 'url' ${fault.message}.`)
  }
}

/** What the options say about the connection. They have been checked before. */
export function connectionSettings(options: SettingOptions, problem: Problem = () => {}): ConnectionSettings {
  const url = parseJdbcUrl(options.url!)
  const parameters = new Map(url.parameters)
  for (const name of url.parameters.keys()) {
    checkName(name, 'url', problem)
    // the URL is shown in logs and plans as it is
    if (name === 'password')
      problem('url', "Option 'url' must not hold a password.", 'Use: password: ${env:PGPASSWORD}')
    if (name === 'sslpassword')
      problem('url', "Option 'url' must not hold sslpassword.", 'Use: connection-properties.sslpassword: ${env:...}')
  }
  for (const [name, value] of Object.entries(options['connection-properties.*'] ?? {})) {
    checkName(name, 'connection-properties.*', problem)
    if (parameters.has(name) && parameters.get(name) !== value)
      problem(
        'connection-properties.*',
        `Option 'connection-properties.${name}' differs from '${name}' in 'url'.`,
        'Keep one.',
      )
    parameters.set(name, value)
  }
  const user = credential('username', options.username, parameters.get('user'), problem)
  const password = credential('password', options.password, parameters.get('password'), problem)
  if (user === undefined) {
    if (password !== undefined)
      problem('password', "Option 'password' is given without 'username'.", 'Add: username: ...')
    else problem('username', "Option 'username' is required where the URL has no user parameter.", 'Add: username: ...')
  }
  checkDatabase(url, problem)
  return {
    hosts: url.hosts,
    database: url.database ?? user ?? '',
    user: user ?? '',
    password,
    connectTimeout: options['connection.max-retry-timeout'] ?? 60_000,
    ...readParameters(parameters, url.hosts.length, (name, message) => {
      problem(url.parameters.has(name) ? 'url' : 'connection-properties.*', `Parameter '${name}' ${message}.`)
    }),
  }
}

function credential(
  option: 'username' | 'password',
  own: string | undefined,
  inUrl: string | undefined,
  problem: Problem,
): string | undefined {
  if (own !== undefined && inUrl !== undefined && own !== inUrl)
    problem(option, `Option '${option}' differs from the one in 'url'.`, 'Keep one.')
  return own ?? inUrl
}

function checkDatabase(url: JdbcUrl, problem: Problem): void {
  if (url.database === undefined)
    problem('url', "Option 'url' names no database.", 'For example: url: jdbc:postgresql://localhost:5432/warehouse')
  else if (url.database.includes('/')) problem('url', "Option 'url' has a second '/' in the name of the database.")
}

function checkName(name: string, option: 'url' | 'connection-properties.*', problem: Problem): void {
  if (connectionParameters.has(name)) return
  const near = nearest(name, [...connectionParameters])
  problem(
    option,
    `Parameter '${name}' of the connection is unknown.`,
    near === undefined ? `Known: ${[...connectionParameters].sort().join(', ')}` : `Did you mean '${near}'?`,
  )
}
