import { type Table, tableName } from '@cdc/core'
import { deliveryError } from './errors.ts'

const placeholders = ['database', 'schema', 'table', 'prefix'] as const
type Placeholder = (typeof placeholders)[number]

/** Kafka's own bound (`Topic.MAX_NAME_LENGTH` of the Java client). */
const longest = 249

/** What is wrong with a pattern; undefined: nothing. */
export function topicPatternFault(text: string): string | undefined {
  for (const [, name] of text.matchAll(/\$\{([^}]*)\}/g))
    if (!placeholders.includes(name as Placeholder))
      return `has \${${name}}, and knows only ${placeholders.map((one) => `\${${one}}`).join(', ')}`
  const fixed = text.replaceAll(/\$\{[^}]*\}/g, '')
  if (!/^[\w.-]*$/.test(fixed))
    return 'has characters that no topic name can have: only letters, digits, ".", "_" and "-"'
  return undefined
}

/** Characters that no topic name can have become `_`, as in Debezium (`SchemaNameAdjuster` and `TopicNamingStrategy`). */
export function sanitized(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '_')
}

/** Makes the names of topics, and sees to it that tables share one only where they may. */
export class TopicPattern {
  readonly #text: string
  readonly #prefix: string
  readonly #shared: boolean
  /** By topic, the table that it belongs to. */
  readonly #owners = new Map<string, Table>()

  /** `keyed`: records replace each other by key, so that a topic has one table. */
  constructor(text: string, prefix: string, keyed: boolean) {
    this.#text = text
    this.#prefix = prefix
    this.#shared = !keyed && !text.includes('${table}')
  }

  /** The topic of all tables, where the pattern does not depend on them. */
  get only(): string | undefined {
    const topic = this.#text.replaceAll('${prefix}', this.#prefix)
    return topic.includes('${') ? undefined : sanitized(topic)
  }

  /** Throws KAFKA_TOPIC_NAME or KAFKA_TOPIC_CLASH. */
  topicOf(table: Table, database: string): string {
    const values: Record<Placeholder, string> = {
      database: table.database ?? database,
      schema: table.schema,
      table: table.name,
      prefix: this.#prefix,
    }
    const topic = sanitized(this.#text.replaceAll(/\$\{(\w+)\}/g, (_, name: Placeholder) => values[name]))
    const name = tableName(table)
    if (topic === '' || topic.length > longest || topic === '.' || topic === '..')
      throw deliveryError('KAFKA_TOPIC_NAME', {
        message: `The topic for ${name} would be called '${topic}', which Kafka does not take.`,
        where: { table: name, option: 'topic' },
      })
    const owner = this.#owners.get(topic)
    if (owner !== undefined && !this.#shared && !sameTable(owner, table))
      throw deliveryError('KAFKA_TOPIC_CLASH', {
        message: `Tables ${tableName(owner)} and ${name} would both go to topic '${topic}'.`,
        where: { table: name, option: 'topic' },
      })
    this.#owners.set(topic, table)
    return topic
  }
}

/** A table keeps its id when it is renamed; parts that `routes` gives one name are one table. */
function sameTable(a: Table, b: Table): boolean {
  return tableName(a) === tableName(b) || (a.id !== undefined && a.id === b.id)
}
