import { type CdcError, type Logger, sameShape, type Table, tableName } from '@cdc/core'
import type { Publication, Relation, Session } from '@cdc/pg-replication'
import { type CatalogTable, type Leaf, readLeaves, readTables } from '../catalog.ts'
import { error } from '../errors.ts'
import { judgeTables } from '../judge.ts'
import { advice, shapeOf, streamedKey } from '../shape.ts'
import type { KnownShapes } from '../shapes.ts'
import type { TableRules } from '../table-rules.ts'
import { effectiveIdentity } from './identity.ts'
import type { Route } from './route.ts'

export interface RouterSetup {
  readonly database: string
  readonly session: Session
  readonly publication: Publication
  readonly rules: TableRules
  readonly changelogMode: 'all' | 'upsert'
  readonly shapes: KnownShapes
  /** OIDs of the tables that are read; of partitioned ones the roots. */
  readonly tables: ReadonlySet<number>
  /** Up to where each table's changes are in its snapshot. */
  readonly cuts: ReadonlyMap<number, bigint>
  readonly logger: Logger
}

/** Finds for each relation of the stream the table that it belongs to, and gives that its shape. */
export class Router {
  readonly #setup: RouterSetup
  readonly #routes = new Map<number, Route>()
  /** Partitions that are published by themselves, by OID. */
  readonly #roots = new Map<number, number>()
  readonly #leaves = new Map<number, readonly Leaf[]>()
  readonly #warned = new Set<number>()

  constructor(setup: RouterSetup) {
    this.#setup = setup
  }

  /** undefined: nobody asked for this table. Called at each Relation message, before the rows that follow it. */
  async route(relation: Relation): Promise<Route | undefined> {
    const oid = await this.#tableOf(relation)
    if (oid === undefined) return undefined
    const { session, rules, changelogMode, publication } = this.#setup
    const catalog = (await readTables(session, [oid])).get(oid)
    const leaves = catalog?.kind === 'p' ? await readLeaves(session, [oid]) : []
    this.#leaves.set(oid, leaves)
    if (catalog !== undefined)
      judgeTables([{ table: catalog, leaves: publication.viaRoot ? leaves : [] }], rules, changelogMode)
    const route = this.#make(relation, oid, catalog, leaves)
    this.#routes.set(oid, route)
    return route
  }

  /** The tables that a truncation of these relations empties. Throws TRUNCATE_OF_PARTITION. */
  truncated(relations: readonly Relation[]): readonly Route[] {
    const oids = new Set(relations.map(({ oid }) => oid))
    const found = new Set<Route>()
    for (const relation of relations) {
      const root = this.#roots.get(relation.oid) ?? relation.oid
      const route = this.#routes.get(root)
      if (route === undefined) continue
      if (root !== relation.oid && this.#leaves.get(root)?.some((leaf) => !oids.has(leaf.oid)))
        throw truncateOfPartition(relation, route.table)
      found.add(route)
    }
    return [...found]
  }

  async #tableOf(relation: Relation): Promise<number | undefined> {
    const { tables, session } = this.#setup
    if (tables.has(relation.oid)) return relation.oid
    const root = this.#roots.get(relation.oid) ?? (await chosenAncestor(session, relation.oid, tables))
    if (root !== undefined) this.#roots.set(relation.oid, root)
    return root
  }

  #make(relation: Relation, oid: number, catalog: CatalogTable | undefined, leaves: readonly Leaf[]): Route {
    const { database, rules, shapes, cuts, publication } = this.#setup
    const partition = oid !== relation.oid
    const { schema, name } = partition && catalog !== undefined ? catalog : relation
    const known = shapes.of({ schema, name, id: oid })
    const order = partition ? inOrderOf(relation, catalog, known) : undefined
    const columns = order === undefined ? relation.columns : order.map((place) => relation.columns[place]!)
    const identity =
      partition && catalog !== undefined ? effectiveIdentity(catalog, leaves, publication.viaRoot) : relation.identity
    const flagged = relation.columns.filter((column) => column.identity).map((column) => column.name)
    const { table, pick } = shapeOf(
      {
        database,
        oid,
        schema,
        name,
        identity,
        columns,
        key: streamedKey({ ...relation, schema, name }, catalog, known, rules),
        identityColumns: identity === 'index' ? flagged : undefined,
        unique: catalog?.uniqueIndex ?? [],
        advice: advice(catalog, known),
      },
      rules,
    )
    const places = order === undefined ? pick : pick === undefined ? order : pick.map((place) => order[place]!)
    const cut = cuts.get(oid) ?? 0n
    // a shape that has gone out in this run and is the same needs no second word
    if (known !== undefined && shapes.wasEmitted(oid) && sameShape(known, table))
      return { table: known, places, cut, announce: undefined }
    return { table, places, cut, announce: { previous: known } }
  }

  /** Says once that a table of the publication is not read. */
  leftOut(relation: Relation, wanted: boolean): void {
    if (!wanted || this.#warned.has(relation.oid)) return
    this.#warned.add(relation.oid)
    const table = tableName(relation)
    this.#setup.logger.warn(
      { table },
      `Table ${table} matches table-name and was not there when this pipeline began: it is left out. To take it in, start over with cdc reset.`,
    )
  }
}

/** The chosen table that a partition belongs to, as the catalog has it now. */
async function chosenAncestor(session: Session, oid: number, tables: ReadonlySet<number>): Promise<number | undefined> {
  const rows = await session.query(
    `WITH RECURSIVE up (oid, level) AS (
       SELECT i.inhparent, 1 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
         WHERE i.inhrelid = $1::oid AND c.relispartition
       UNION ALL SELECT i.inhparent, u.level + 1 FROM up u JOIN pg_catalog.pg_inherits i ON i.inhrelid = u.oid)
     SELECT oid::text AS oid FROM up ORDER BY level`,
    [String(oid)],
  )
  return rows.map((row) => Number(row.oid)).find((ancestor) => tables.has(ancestor))
}

/** Places in the partition's rows of the table's columns: by name, since partitions may have them in another order. */
function inOrderOf(
  relation: Relation,
  catalog: CatalogTable | undefined,
  known: Table | undefined,
): number[] | undefined {
  const names = catalog?.columns.map(({ name }) => name) ?? known?.columns.map(({ name }) => name)
  if (names === undefined) return undefined
  const here = relation.columns.map(({ name }) => name)
  const places = [
    ...names.map((name) => here.indexOf(name)),
    ...here.flatMap((name, i) => (names.includes(name) ? [] : [i])),
  ]
  return places.filter((place) => place >= 0)
}

function truncateOfPartition(relation: Relation, table: Table): CdcError {
  return error('TRUNCATE_OF_PARTITION', {
    message: `Partition ${tableName(relation)} was truncated, and ${tableName(table)} is read as one table.`,
    where: { table: tableName(table) },
  })
}
