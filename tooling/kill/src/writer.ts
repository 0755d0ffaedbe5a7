import type pg from 'pg'
import type { Plan } from './plan.ts'
import type { Random } from './random.ts'
import { accounts } from './schema.ts'

export type Client = pg.Client

/** What may happen to anybody who writes beside others: deadlock, serialization, lock wait, a value that is taken, a parent that is gone. */
const expected = new Set(['40P01', '40001', '55P03', '23505', '23503'])

/** One connection's transactions. Every one of them adds to the writer's own ledger, without a gap. */
export class Writer {
  readonly id: number
  readonly random: Random
  readonly #plan: Plan
  /** The last number of the ledger that is committed. */
  sequence = 0
  #ids = 0

  constructor(id: number, random: Random, plan: Plan) {
    this.id = id
    this.random = random
    this.#plan = plan
  }

  /** false: it was rolled back. */
  async transaction(client: Client): Promise<boolean> {
    const { random } = this
    const count = random.chance(0.01) ? random.int(1_000, 2_000) : random.int(1, 3)
    const steps = Array.from({ length: random.int(1, 3) }, () => random.weighted(this.#steps))
    const bank = random.chance(0.6)
    const giveUp = random.chance(0.04)
    try {
      await client.query('BEGIN')
      await client.query("INSERT INTO ledger SELECT $1, i, repeat('z', 40) FROM generate_series($2::int, $3::int) i", [
        this.id,
        this.sequence + 1,
        this.sequence + count,
      ])
      if (bank) await this.#transfer(client)
      for (const step of steps) await step(client)
      if (giveUp) {
        await client.query('ROLLBACK')
        return false
      }
      await client.query('COMMIT')
      this.sequence += count
      return true
    } catch (failure) {
      await client.query('ROLLBACK')
      if (expected.has((failure as { code?: string }).code ?? '')) return false
      throw failure
    }
  }

  /** No two writers ever use the same. */
  #newId(): number {
    return 1_000_000 * this.id + ++this.#ids
  }

  get #item(): number {
    return this.random.int(1, this.#plan.rows.items)
  }

  async #transfer(client: Client): Promise<void> {
    const [a, b] = [this.random.int(1, accounts), this.random.int(1, accounts)]
    if (a === b) return
    const amount = this.random.int(1, 20)
    // in the order of keys: two that cross would wait for each other
    for (const id of [Math.min(a, b), Math.max(a, b)])
      await client.query('UPDATE accounts SET balance = balance + $2 WHERE id = $1', [id, id === a ? -amount : amount])
    await client.query('INSERT INTO transfers VALUES ($1, $2, $3, $4)', [this.#newId(), a, b, amount])
  }

  readonly #steps: readonly (readonly [number, (client: Client) => Promise<unknown>])[] = [
    // big is not touched: the server does not send it
    [
      6,
      (client) =>
        client.query('UPDATE items SET v = v + 1, price = price + 1 WHERE id BETWEEN $1 AND $1 + 8', [this.#item]),
    ],
    [
      2,
      (client) =>
        client.query('UPDATE items SET v = v + 1, big = repeat(md5(v::text), 90) WHERE id = $1', [this.#item]),
    ],
    [1, (client) => client.query('UPDATE items SET v = v + 1, name = NULL, big = NULL WHERE id = $1', [this.#item])],
    [
      3,
      (client) =>
        client.query('UPDATE items SET v = v + 1, id = -id WHERE id = $1', [this.#item * this.random.of([1, -1])]),
    ],
    [2, (client) => client.query('DELETE FROM items WHERE id = $1', [this.#item])],
    [
      3,
      (client) =>
        client.query("INSERT INTO items VALUES ($1, 0, 'new', 1.5, now(), repeat(md5($2), 80))", [
          this.#newId(),
          String(this.random.next()),
        ]),
    ],
    [3, (client) => this.#swapSeats(client)],
    [2, (client) => this.#swapKeys(client)],
    [2, (client) => this.#savepoints(client)],
    [2, (client) => this.#family(client)],
    [2, (client) => client.query("INSERT INTO notes VALUES ($1, 0, 'n')", [this.#newId()])],
    [1, (client) => client.query('UPDATE notes SET v = v + 1 WHERE id % 3 = 0')],
    [0.4, (client) => this.#truncate(client)],
    [0.15, (client) => client.query('UPDATE items SET v = v + 1 WHERE id > 0')],
  ]

  /** The unique values of two or three rows change places; the constraint is asked at COMMIT only. */
  async #swapSeats(client: Client): Promise<void> {
    const first = this.random.int(1, 90)
    const seats = [first, first + 1, first + this.random.int(1, 2)]
    await client.query(
      `UPDATE seats s SET place = o.place, v = s.v + 1 FROM seats o
       WHERE s.id = ANY ($1) AND o.id = ($1::int[])[1 + array_position($1, s.id) % cardinality($1::int[])]`,
      [[...new Set(seats)]],
    )
  }

  /** Two rows change keys within the transaction, through one that nobody has. */
  async #swapKeys(client: Client): Promise<void> {
    const a = this.random.int(1, 29)
    const free = -this.#newId()
    for (const [from, to] of [
      [a, free],
      [a + 1, a],
      [free, a + 1],
    ])
      await client.query('UPDATE tags SET id = $2, v = v + 100 WHERE id = $1', [from, to])
  }

  /** What is rolled back to a savepoint never happened; what is released did. */
  async #savepoints(client: Client): Promise<void> {
    await client.query('SAVEPOINT a')
    await client.query("INSERT INTO ledger VALUES ($1, -1, 'never')", [this.id])
    await client.query('UPDATE items SET v = -1000 WHERE id BETWEEN 1 AND 30')
    if (this.random.chance(0.5)) await client.query('TRUNCATE notes')
    await client.query('ROLLBACK TO a')
    await client.query('SAVEPOINT b')
    await client.query('UPDATE tags SET v = v + 100 WHERE id = $1', [this.random.int(1, 30)])
    await client.query('RELEASE b')
  }

  async #family(client: Client): Promise<void> {
    const parent = this.#newId()
    await client.query('INSERT INTO parents VALUES ($1, 0)', [parent])
    await client.query('INSERT INTO parts VALUES ($1, $2, 0), ($3, $2, 0)', [this.#newId(), parent, this.#newId()])
    if (this.random.chance(0.5)) await client.query('DELETE FROM parents WHERE id = $1', [this.random.int(1, 20)])
    if (this.random.chance(0.3))
      await client.query('UPDATE parts SET parent = $1, v = v + 1 WHERE id = $2', [parent, this.random.int(1, 60)])
    if (this.random.chance(0.2)) await client.query('DELETE FROM parents WHERE id = $1', [parent])
  }

  async #truncate(client: Client): Promise<void> {
    await client.query(this.random.of(['TRUNCATE notes', 'TRUNCATE notes, tags']))
    await client.query("INSERT INTO notes SELECT $1::int + i, 0, 'again' FROM generate_series(1, 20) i", [
      this.#newId() * 10,
    ])
    await client.query("INSERT INTO tags SELECT i, 0, 'again' FROM generate_series(1, 30) i ON CONFLICT DO NOTHING")
  }
}
