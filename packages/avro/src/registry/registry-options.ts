import { choice, duration, flag, integer, type OptionRule, type OptionValues, prefix, text } from '@cdc/core'
import type { RegistrySettings } from './settings.ts'
import { type SubjectStrategy, strategyOf } from './subjects.ts'

const strategy = (part: 'key' | 'value') =>
  text({
    doc: `Subject of ${part} schemas: \`topic\` (\`<topic>-${part}\`), \`record\` (the record's full name) or \`topic-record\`; Confluent's class names are taken too.`,
    default: 'topic',
    example: 'topic',
  })

/** What Confluent's client takes as a property, and Flink hands it through `properties.*`. */
const clientOptions = {
  'max.retries': integer({ doc: 'How often all URLs are tried again.', default: 3 }, { min: 0, max: 100 }),
  'retries.wait.ms': duration({ doc: 'Pause before the first of these; it doubles each time.', default: 1000 }),
  'retries.max.wait.ms': duration({ doc: 'The longest pause.', default: 20_000 }),
  'http.read.timeout.ms': duration({ doc: 'How long an answer may take.', default: 60_000 }, { min: 1 }),
}

/** How the registry is reached and used: Flink's names, with those of Confluent's converter as aliases. */
export const registryFields = {
  url: text({
    doc: 'Where the registry is, with the path of its Confluent API; several separated by commas.',
    required: true,
    example: 'http://localhost:8081',
    aliases: ['schema.registry.url', 'schema-registry.url'],
  }),
  subject: text({
    doc: 'The subject itself, in the place of what the strategy gives: for pipelines of one table.',
    example: 'products-value',
    aliases: ['schema-registry.subject'],
  }),
  'auto.register.schemas': flag({
    doc: 'Register schemas that the subject lacks. `false`: they must be there.',
    default: true,
  }),
  'use.latest.version': flag({
    doc: "With `auto.register.schemas: false`: write with the subject's latest schema. It must have the same fields.",
    default: false,
  }),
  'normalize.schemas': flag({ doc: 'Let the registry compare schemas in a normal form.', default: false }),
  'key.subject.name.strategy': strategy('key'),
  'value.subject.name.strategy': strategy('value'),
  'basic-auth.credentials-source': choice(['URL', 'USER_INFO', 'SASL_INHERIT'], {
    doc: 'Where user and password are: in the URL, or in `basic-auth.user-info`. (`SASL_INHERIT` is refused.)',
    default: 'URL',
    aliases: ['basic.auth.credentials.source'],
  }),
  'basic-auth.user-info': text({
    doc: '`user:password`.',
    secret: true,
    env: 'SCHEMA_REGISTRY_USER_INFO',
    aliases: ['basic.auth.user.info', 'schema.registry.basic.auth.user.info'],
  }),
  'bearer-auth.credentials-source': choice(['STATIC_TOKEN'], {
    doc: 'Send `bearer-auth.token`.',
    aliases: ['bearer.auth.credentials.source'],
  }),
  'bearer-auth.token': text({ doc: 'The token.', secret: true, aliases: ['bearer.auth.token'] }),
  'ssl.truststore.location': text({
    doc: 'File with the CA in PEM.',
    example: '/etc/ssl/registry-ca.pem',
    aliases: ['schema.registry.ssl.truststore.location'],
  }),
  'ssl.truststore.password': text({
    doc: 'Taken and not needed: PEM has none.',
    secret: true,
    aliases: ['schema.registry.ssl.truststore.password'],
  }),
  'ssl.keystore.location': text({
    doc: 'File with the client certificate and its key, in PEM or PKCS#12.',
    aliases: ['schema.registry.ssl.keystore.location'],
  }),
  'ssl.keystore.password': text({
    doc: 'Its password.',
    secret: true,
    aliases: ['schema.registry.ssl.keystore.password'],
  }),
  'ssl.key.location': text({ doc: 'The key in PEM, where it is in a file of its own.' }),
  'ssl.key.password': text({
    doc: 'Its password.',
    secret: true,
    aliases: ['schema.registry.ssl.key.password'],
  }),
  'ssl.endpoint.identification.algorithm': choice(['https', 'none'], {
    doc: "Must the certificate be of the registry's host? (`none` is Java's empty text.)",
    default: 'https',
    aliases: ['schema.registry.ssl.endpoint.identification.algorithm'],
  }),
  ...clientOptions,
  'properties.*': prefix({
    doc: "Properties of the registry client, as in Flink: the options above under Confluent's names, and `request.header.<name>`.",
    example: 'properties.max.retries: 5',
  }),
}

export type RegistryFields = typeof registryFields
export type RegistryValues = OptionValues<RegistryFields>

const HEADER = 'request.header.'
const known = Object.keys(clientOptions)

function urlsOf(list: string): URL[] | undefined {
  const parts = list.split(',').map((one) => one.trim())
  if (!parts.every((one) => /^https?:\/\//.test(one) && URL.canParse(one))) return undefined
  return parts.map((one) => new URL(one))
}

/** What one option alone cannot tell. */
export const registryRules: readonly OptionRule<RegistryFields>[] = [
  ({ url }, problem) => {
    if (url !== undefined && urlsOf(url) === undefined)
      problem(
        'url',
        "Option 'url' must be one or more URLs of http or https.",
        'For example: url: http://localhost:8081',
      )
  },
  (values, problem) => {
    for (const name of ['key.subject.name.strategy', 'value.subject.name.strategy'] as const) {
      const written = values[name]
      if (written !== undefined && strategyOf(written) === undefined)
        problem(name, `Option '${name}' must be topic, record or topic-record, but is '${written}'.`)
    }
  },
  (values, problem) => {
    const source = values['basic-auth.credentials-source']
    if (source === 'SASL_INHERIT')
      problem(
        'basic-auth.credentials-source',
        'SASL_INHERIT is not supported.',
        'Set USER_INFO and basic-auth.user-info.',
      )
    if (source === 'USER_INFO' && values['basic-auth.user-info'] === undefined)
      problem('basic-auth.user-info', "Option 'basic-auth.user-info' is required with USER_INFO: user:password.")
    const bearer = values['bearer-auth.credentials-source'] !== undefined
    if (bearer && values['bearer-auth.token'] === undefined)
      problem('bearer-auth.token', "Option 'bearer-auth.token' is required with STATIC_TOKEN.")
    if (values['bearer-auth.token'] !== undefined && values['basic-auth.user-info'] !== undefined)
      problem('bearer-auth.token', 'Give a bearer token or a user, not both.')
  },
  (values, problem) => {
    if (values['use.latest.version'] === true && values['auto.register.schemas'] === true)
      problem(
        'use.latest.version',
        "Option 'use.latest.version' needs auto.register.schemas: false.",
        'Set auto.register.schemas: false.',
      )
  },
  (values, problem) => {
    for (const name of Object.keys(values['properties.*'] ?? {})) {
      if (name.startsWith(HEADER) || known.includes(name)) continue
      const full = `properties.${name}` as 'properties.*'
      problem(
        full,
        `Property '${name}' of the registry client is not supported.`,
        `Supported: ${known.join(', ')}, ${HEADER}<name>.`,
      )
    }
  },
]

export function registrySettings(values: RegistryValues): RegistrySettings {
  const properties = values['properties.*']
  const number = (name: keyof typeof clientOptions) => {
    const given = properties[name]
    return given === undefined ? values[name] : Number(given)
  }
  const urls = urlsOf(values.url)!
  const headers = Object.entries(properties).filter(([name]) => name.startsWith(HEADER))
  return {
    urls: urls.map(withoutUser),
    authorization: authorizationOf(values, urls),
    tls: {
      truststore: values['ssl.truststore.location'],
      keystore: values['ssl.keystore.location'],
      keystorePassword: values['ssl.keystore.password'],
      key: values['ssl.key.location'],
      keyPassword: values['ssl.key.password'],
      verifyHost: values['ssl.endpoint.identification.algorithm'] === 'https',
    },
    headers: Object.fromEntries(headers.map(([name, value]) => [name.slice(HEADER.length).toLowerCase(), value])),
    register: values['auto.register.schemas'],
    latest: values['use.latest.version'],
    normalize: values['normalize.schemas'],
    timeout: number('http.read.timeout.ms'),
    retries: number('max.retries'),
    wait: number('retries.wait.ms'),
    maxWait: number('retries.max.wait.ms'),
  }
}

function withoutUser(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

function authorizationOf(values: RegistryValues, [first]: readonly URL[]): string | undefined {
  const token = values['bearer-auth.token']
  if (token !== undefined) return `Bearer ${token}`
  const inUrl =
    first!.username === '' ? undefined : `${decodeURIComponent(first!.username)}:${decodeURIComponent(first!.password)}`
  const user = values['basic-auth.user-info'] ?? inUrl
  return user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`
}

/** What schemas of keys or values are registered under. */
export function strategyFor(values: RegistryValues, part: 'key' | 'value'): SubjectStrategy {
  return strategyOf(values[`${part}.subject.name.strategy`])!
}
