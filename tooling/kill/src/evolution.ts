import type { Random } from './random.ts'
import type { Client } from './writer.ts'

interface Column {
  name: string
  type: string
  /** Its rows of before have a value that no event tells: the catalog does, as long as it knows the column by this name. */
  readonly filled: boolean
}

const wider: Readonly<Record<string, string>> = {
  smallint: 'integer',
  integer: 'bigint',
  'varchar(10)': 'varchar(50)',
  'varchar(50)': 'text',
  'numeric(8,2)': 'numeric(14,2)',
}
const types = ['smallint', 'integer', 'varchar(10)', 'numeric(8,2)', 'boolean']

/** One connection that changes the shape of table `changing`, with rows between. */
export class Evolution {
  readonly random: Random
  readonly #columns: Column[] = []
  #count = 0

  constructor(random: Random) {
    this.random = random
  }

  async step(client: Client): Promise<boolean> {
    const { random } = this
    const change = this.#change()
    const together = random.chance(0.5)
    if (together) await client.query('BEGIN')
    if (change !== undefined) await client.query(change)
    if (together && random.chance(0.3)) await this.#rows(client)
    await this.#rows(client)
    if (together) await client.query('COMMIT')
    return true
  }

  async last(client: Client): Promise<void> {
    await this.#rows(client)
  }

  #change(): string | undefined {
    const { random } = this
    const column = this.#columns.length > 0 ? random.of(this.#columns) : undefined
    const kind = random.weighted([
      [3, 'none'],
      [4, 'add'],
      [3, 'widen'],
      [1, 'drop'],
      [0.5, 'rename'],
    ] as const)
    if (kind === 'none') return undefined
    if (column === undefined || (kind === 'add' && this.#columns.length < 8)) return this.#add()
    if (kind === 'widen') {
      const type = wider[column.type]
      if (type === undefined) return undefined
      column.type = type
      return `ALTER TABLE changing ALTER ${column.name} TYPE ${type}`
    }
    if (kind === 'drop') {
      this.#columns.splice(this.#columns.indexOf(column), 1)
      return `ALTER TABLE changing DROP ${column.name}`
    }
    if (kind === 'rename' && !column.filled) {
      const from = column.name
      column.name = `c${++this.#count}`
      return `ALTER TABLE changing RENAME ${from} TO ${column.name}`
    }
    return undefined
  }

  #add(): string {
    const type = this.random.of(types)
    const filled = this.random.chance(0.3)
    const column = { name: `c${++this.#count}`, type, filled }
    this.#columns.push(column)
    const value = filled ? ` NOT NULL DEFAULT ${literalOf(type, 7)}` : ''
    return `ALTER TABLE changing ADD ${column.name} ${type}${value}`
  }

  async #rows(client: Client): Promise<void> {
    const { random } = this
    const sets = this.#columns.map(({ name, type }) => `, ${name} = ${literalOf(type, random.int(1, 99))}`)
    await client.query(`UPDATE changing SET v = v + 1${sets.join('')} WHERE id = $1`, [random.int(1, 50)])
    const names = this.#columns.map(({ name }) => `, ${name}`).join('')
    const values = this.#columns.map(({ type }) => `, ${literalOf(type, random.int(1, 99))}`).join('')
    await client.query(`INSERT INTO changing (id, v${names}) SELECT 1 + max(id), 0${values} FROM changing`)
  }
}

function literalOf(type: string, number: number): string {
  if (type === 'boolean') return number % 2 === 0 ? 'true' : 'false'
  return type.startsWith('varchar') || type === 'text' ? `'v${number}'` : String(number)
}
