import type { Session } from './connection/session.ts'

export interface TableName {
  readonly schema: string
  readonly name: string
}

/** A table of a publication, as the stream will name it (with publishViaRoot: the root). */
export interface PublishedTable extends TableName {
  /** pg_class.oid */
  readonly oid: number
  /** pg_publication_rel.oid; undefined when it comes through FOR ALL TABLES, a schema, or a partition's root. */
  readonly entry: number | undefined
  /** 15+: the row filter as the server prints it. */
  readonly rowFilter: string | undefined
  /** 15+: the column list, in the table's order; undefined where all are published. */
  readonly columns: readonly string[] | undefined
}

export interface Publication {
  readonly name: string
  /** pg_publication.oid: a publication dropped and made again has another. */
  readonly oid: number
  readonly allTables: boolean
  readonly publishes: { readonly insert: boolean; readonly update: boolean; readonly delete: boolean; readonly truncate: boolean }
  /** 13+; false before. */
  readonly viaRoot: boolean
  /** 18+: `none` or `stored`. */
  readonly generatedColumns: 'none' | 'stored' | undefined
  readonly tables: readonly PublishedTable[]
  /** Names of schemas published as a whole (15+). */
  readonly schemas: readonly string[]
  /** OIDs of pg_publication_rel (and _namespace) rows, ascending: a table taken out and put back is a gap. */
  readonly entries: readonly number[]
}

/** Debezium's publication.autocreate.mode. */
export type AutocreateMode = 'all_tables' | 'filtered' | 'disabled' | 'no_tables'

export interface EnsurePublicationOptions {
  readonly name: string
  readonly mode: AutocreateMode
  /** The tables to be read: roots of partitioned tables. For `filtered`, and to check the others. */
  readonly tables: readonly TableName[]
}

export interface EnsuredPublication {
  readonly publication: Publication
  readonly created: boolean
  /** What was run, or would be. */
  readonly statements: readonly string[]
}

export declare function readPublication(session: Session, name: string): Promise<Publication | undefined>
/** Uses the publication when it exists, else creates it as the mode says. Throws with the exact statement to run. */
export declare function ensurePublication(session: Session, options: EnsurePublicationOptions): Promise<EnsuredPublication>
/** What ensurePublication would run; empty when nothing. */
export declare function planPublication(session: Session, options: EnsurePublicationOptions): Promise<string[]>
/** PUBLICATION_LACKS_TABLE naming each table and the statement, PUBLICATION_LACKS_OPERATIONS. */
export declare function assertPublished(session: Session, publication: Publication, tables: readonly TableName[]): Promise<void>
