import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { versioned } from '../schema.ts'

type Row = Readonly<Record<string, unknown>>

interface Event {
  readonly op: 'r' | 'c' | 'u' | 'd' | 't'
  readonly before: Row | null
  readonly after: Row | null
  readonly source: { readonly table: string; readonly snapshot: string; readonly sequence: string }
}

/** Names of columns that are followed; the rest is looked at in the database that has them. */
const followed: Readonly<Record<string, readonly string[]>> = {
  items: ['id', 'v', 'name', 'price', 'big'],
  accounts: ['id', 'balance'],
  transfers: ['id', 'source', 'target', 'amount'],
  parents: ['id', 'v'],
  parts: ['id', 'parent', 'v'],
  seats: ['id', 'place', 'v'],
  notes: ['id', 'v', 'body'],
  tags: ['id', 'v', 'body'],
  changing: ['id', 'v'],
}
const unavailable = '__debezium_unavailable_value'

/**
 * Plays the events of the files from the first to the last, and gives the first thing that is wrong: an event that
 * does not fit what came before it, a version or a commit that goes back, a ledger with a gap or a repeat, rows that
 * differ from the source's. undefined: nothing.
 */
export async function filesDiffer(source: pg.Client, folder: string): Promise<string | undefined> {
  const player = new Player()
  for (const file of filesInOrder(folder)) {
    player.nextFile(file)
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      if (line !== '') player.play(JSON.parse(line) as Event)
      if (player.fault !== undefined) return `${file}: ${player.fault}`
    }
  }
  return player.compare(source)
}

/** Those of a series by their number. */
function filesInOrder(folder: string): string[] {
  const number = (name: string) => Number(/-(\d+)\.jsonl$/.exec(name)?.[1])
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl') && !name.startsWith('.'))
    .sort((a, b) => number(a) - number(b))
}

class Player {
  fault: string | undefined
  readonly #rows = new Map<string, Map<string, Row>>()
  readonly #versions = new Map<string, number>()
  readonly #ledger = new Map<number, number>()
  /** By series: the commit before the last event's transaction. */
  readonly #commits = new Map<string, bigint>()
  #series = ''

  nextFile(name: string): void {
    this.#series = name.replace(/-\d+\.jsonl$/, '')
  }

  play({ op, before, after, source }: Event): void {
    const { table } = source
    this.#checkOrder(op, source)
    if (table === 'ledger') this.#enter(op, after)
    else this.#change(table, op, before, after)
  }

  #change(table: string, op: Event['op'], before: Row | null, after: Row | null): void {
    const rows = this.#of(table)
    if (op === 't') {
      rows.clear()
      for (const key of this.#versions.keys()) if (key.startsWith(`${table} `)) this.#versions.delete(key)
      return
    }
    const key = String((after ?? before)!.id)
    if (op === 'd') {
      this.#left = rows.get(key)
      if (!rows.delete(key)) this.#say(`${table}: the row ${key} is deleted and was not there`)
      return
    }
    const held = rows.get(key)
    if (op === 'u' && held === undefined) this.#say(`${table}: the row ${key} is updated and was not there`)
    if (op !== 'u' && held !== undefined) this.#say(`${table}: the row ${key} is inserted and was there`)
    // a row that moves to another key is deleted there and inserted here, with what was not sent still not sent
    rows.set(key, merged(held ?? this.#left, after!))
    if (versioned.has(table)) this.#checkVersion(table, key, after!.v as number)
  }

  /** Snapshot events come first in a series of one table; transactions come by their commits. */
  #checkOrder(op: string, { sequence, snapshot }: Event['source']): void {
    if (op === 'r' || snapshot !== 'false') return
    const [commit] = JSON.parse(sequence) as [string | null]
    if (commit === null) return
    const last = this.#commits.get(this.#series) ?? 0n
    if (BigInt(commit) < last) this.#say(`the commit before this transaction is ${commit}, and was ${last} already`)
    this.#commits.set(this.#series, BigInt(commit))
  }

  #checkVersion(table: string, key: string, version: number): void {
    const last = this.#versions.get(`${table} ${key}`)
    if (last !== undefined && version <= last)
      this.#say(`${table}: the row ${key} has version ${version} after ${last}`)
    this.#versions.set(`${table} ${key}`, version)
  }

  /** Writers number their entries without a gap; rows of a snapshot come in any order, the stream's after them. */
  #enter(op: string, after: Row | null): void {
    if (op === 'r') {
      this.#snapshot.push([after!.w as number, after!.s as number])
      return
    }
    if (op !== 'c') this.#say(`the ledger has an event ${op}`)
    this.#takeSnapshot()
    this.#next(after!.w as number, after!.s as number)
  }

  #snapshot: [number, number][] = []
  /** The row that was deleted last. */
  #left: Row | undefined

  #takeSnapshot(): void {
    const entries = this.#snapshot.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    this.#snapshot = []
    for (const [writer, number] of entries) this.#next(writer, number)
  }

  #next(writer: number, number: number): void {
    const expected = (this.#ledger.get(writer) ?? 0) + 1
    if (number !== expected) this.#say(`the ledger of writer ${writer} has ${number} where ${expected} is next`)
    this.#ledger.set(writer, number)
  }

  async compare(source: pg.Client): Promise<string | undefined> {
    this.#takeSnapshot()
    if (this.fault !== undefined) return this.fault
    const { rows } = await source.query<{ w: number; s: number }>('SELECT w, max(s) AS s FROM ledger GROUP BY w')
    for (const { w, s } of rows)
      if (this.#ledger.get(w) !== s)
        return `the ledger of writer ${w} ends with ${this.#ledger.get(w)}, and at the source with ${s}`
    for (const [table, columns] of Object.entries(followed)) {
      const list = columns.map((name) => (name === 'price' ? 'price::text' : name)).join(', ')
      const found = await source.query<Row & { id: number }>(`SELECT ${list} FROM ${table}`)
      const rows = this.#of(table)
      if (found.rows.length !== rows.size)
        return `${table}: ${rows.size} rows in the files, ${found.rows.length} at the source`
      for (const row of found.rows) {
        const held = rows.get(String(row.id))
        const other = columns.find((name) => String(held?.[name]) !== String(row[name]))
        if (other !== undefined) return `${table}: the row ${row.id} differs in ${other}`
      }
    }
    return undefined
  }

  #of(table: string): Map<string, Row> {
    let rows = this.#rows.get(table)
    if (rows === undefined) {
      rows = new Map()
      this.#rows.set(table, rows)
    }
    return rows
  }

  #say(text: string): void {
    this.fault ??= text
  }
}

/** A value that was not sent is the one that was there. */
function merged(held: Row | undefined, after: Row): Row {
  const entries = Object.entries(after)
  if (!entries.some(([, value]) => value === unavailable)) return after
  return Object.fromEntries(entries.map(([name, value]) => [name, value === unavailable ? held?.[name] : value]))
}
