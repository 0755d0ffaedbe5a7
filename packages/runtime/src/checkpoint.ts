import type { Position, StateStore, Table } from '@cdc/core'
import { error } from './errors.ts'

/** What a pipeline knows of its progress after a restart. */
export interface Checkpoint {
  /** Everything up to here is durable in every sink. undefined: the pipeline began and nothing was saved yet. */
  readonly position: Position | undefined
  /** Where each sink that remembers stood when this was saved; null for one that does not remember. */
  readonly sinks: Readonly<Record<string, Position | null>>
}

const version = 1

interface Saved {
  readonly version: number
  readonly pipeline: string
  readonly position: Position | null
  readonly sinks: Record<string, Position | null>
}

export function encodeCheckpoint(pipeline: string, checkpoint: Checkpoint): string {
  const saved: Saved = { version, pipeline, position: checkpoint.position ?? null, sinks: { ...checkpoint.sinks } }
  return JSON.stringify(saved)
}

/** All that loading takes of a store. */
type Looked = Pick<StateStore, 'load' | 'describe'>

export async function loadCheckpoint(store: Looked, pipeline: string): Promise<Checkpoint | undefined> {
  const text = await store.load('checkpoint')
  if (text === undefined) return undefined
  const saved = parse(text, store)
  if (saved.version !== version) {
    const message = `The checkpoint in ${store.describe()} has format ${saved.version}; this version reads format ${version}.`
    throw error('CHECKPOINT_INVALID', { message })
  }
  if (saved.pipeline !== pipeline) {
    const message = `The checkpoint in ${store.describe()} belongs to pipeline '${saved.pipeline}', not to '${pipeline}'.`
    throw error('CHECKPOINT_INVALID', { message, hint: 'Give each pipeline a name and a state of its own.' })
  }
  return { position: saved.position ?? undefined, sinks: Object.assign(Object.create(null), saved.sinks) }
}

function parse(text: string, store: Looked): Saved {
  try {
    const value: unknown = JSON.parse(text)
    if (isSaved(value)) return value
  } catch {
    // said below, without the text
  }
  throw error('CHECKPOINT_INVALID', { message: `The checkpoint in ${store.describe()} is not a checkpoint.` })
}

function isSaved(value: unknown): value is Saved {
  const saved = value as Partial<Saved> | null
  if (typeof saved !== 'object' || saved === null) return false
  const { position, sinks } = saved
  const positionFits = position === null || (typeof position === 'string' && position !== '')
  return (
    typeof saved.version === 'number' &&
    typeof saved.pipeline === 'string' &&
    positionFits &&
    typeof sinks === 'object' &&
    sinks !== null
  )
}

/** The last emitted shape of each table, by `schema.name`. */
export type Shapes = Map<string, Table>

/** By table, which never changes: with thousands of them the text is asked for again and again as they are read. */
const texts = new WeakMap<Table, string>()

export function encodeShapes(tables: readonly Table[]): string {
  return `{"version":${version},"tables":[${tables.map(tableText).join(',')}]}`
}

function tableText(table: Table): string {
  let text = texts.get(table)
  if (text === undefined) {
    text = JSON.stringify(table)
    texts.set(table, text)
  }
  return text
}

export async function loadShapes(store: StateStore): Promise<Shapes> {
  const text = await store.load('tables')
  if (text === undefined) return new Map()
  const { tables } = JSON.parse(text) as { tables: Table[] }
  return new Map(tables.map((table) => [`${table.schema}.${table.name}`, table]))
}
