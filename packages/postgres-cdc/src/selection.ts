import { type CdcError, nearest, tableName } from '@cdc/core'
import { quoteIdentifier, quoteQualified, type Session } from '@cdc/pg-replication'
import { type CatalogTable, type Relation, readRelations, readSchemas } from './catalog.ts'
import { error } from './errors.ts'
import type { PostgresCdcValues } from './option-fields.ts'
import { compilePatterns, literalNames, matcher, matchNames, type Pattern } from './pattern.ts'

export interface Selection {
  /** Chosen tables: partitioned ones stand for their partitions. In the order of their names. */
  readonly tables: readonly Relation[]
  /** Names in full that are not there, and the like: what a first start stops with. */
  readonly fault: CdcError | undefined
}

/** The tables that the options choose, by the names that the catalog has now. */
export async function selectTables(session: Session, values: PostgresCdcValues): Promise<Selection> {
  const [schemas, relations] = [await readSchemas(session), await readRelations(session)]
  const matchingSchemas = matching(values['schema-name'], 'schema-name', schemas)
  const inSchema = relations.filter(({ schema }) => matchingSchemas.has(schema))
  const patterns = compilePatterns(values['table-name'])
  const byName = matchNames(
    patterns,
    inSchema.map(({ name }) => name),
    'table-name',
  )
  const byBoth = matchNames(patterns, inSchema.map(tableName), 'table-name')
  // an escaped dot can only be meant for the one between schema and table
  const hit = (index: number) =>
    patterns.parts.some((part, i) => byName[i]!.has(index) || (part.source.includes('\\.') && byBoth[i]!.has(index)))
  const matched = inSchema.filter((_, index) => hit(index))
  const tables = fold(matched.filter(isTable), values['scan.include-partitioned-tables.enabled'], relations)
  const choice = { values, schemas, matchingSchemas, inSchema, matched, tables, parts: patterns.parts }
  return { tables, fault: faultOf(choice) }
}

/** Does a table of this name match the options? For tables that turn up later. */
export function nameMatcher(values: PostgresCdcValues): (table: { schema: string; name: string }) => boolean {
  const schemas = matcher(compilePatterns(values['schema-name']), 'schema-name')
  const tables = matcher(compilePatterns(values['table-name']), 'table-name')
  return ({ schema, name }) => schemas(schema) && tables(name)
}

function matching(source: string, option: string, names: readonly string[]): Set<string> {
  const hits = matchNames(compilePatterns(source), names, option)
  return new Set(names.filter((_, index) => hits.some((one) => one.has(index))))
}

const isTable = ({ kind, persistence }: Relation) => (kind === 'r' || kind === 'p') && persistence === 'p'

/** Partitions of a chosen table are part of it; without partitioned tables, only what holds rows itself. */
function fold(tables: readonly Relation[], roots: boolean, all: readonly Relation[]): Relation[] {
  if (!roots) return tables.filter(({ kind }) => kind === 'r')
  const chosen = new Set(tables.map(({ oid }) => oid))
  const parents = new Map(all.map(({ oid, parent }) => [oid, parent]))
  const covered = ({ parent }: Relation) => {
    for (let up = parent; up !== undefined; up = parents.get(up)) if (chosen.has(up)) return true
    return false
  }
  return tables.filter((table) => !covered(table))
}

interface Choice {
  readonly values: PostgresCdcValues
  readonly schemas: readonly string[]
  readonly matchingSchemas: ReadonlySet<string>
  readonly inSchema: readonly Relation[]
  readonly matched: readonly Relation[]
  readonly tables: readonly Relation[]
  readonly parts: readonly Pattern[]
}

function faultOf(choice: Choice): CdcError | undefined {
  const { values, schemas, matchingSchemas } = choice
  if (matchingSchemas.size === 0) return schemaNotFound(values, schemas)
  const missing = choice.parts.flatMap(literalNames).find((name) => !isThere(name, choice))
  if (missing !== undefined) return tableNotFound(`'${missing}'`, missing, choice)
  const other = choice.parts.flatMap(literalNames).find((name) => !isThere(name, choice, true))
  if (other !== undefined) return kindUnsupported(other, choice)
  const unmatched = choice.parts.find(
    (part) =>
      matchNames(
        { source: part.source, parts: [part] },
        choice.matched.flatMap((one) => [one.name, tableName(one)]),
        'table-name',
      )[0]!.size === 0,
  )
  if (unmatched !== undefined) return tableNotFound(`that matches '${unmatched.source}'`, unmatched.source, choice)
  if (choice.tables.length === 0) return kindUnsupported(values['table-name'], choice)
  return undefined
}

function isThere(name: string, { matched }: Choice, asTable = false): boolean {
  const wanted = name.toLowerCase()
  return matched.some((one) => one.name.toLowerCase() === wanted && (!asTable || isTable(one)))
}

function schemaNotFound(values: PostgresCdcValues, schemas: readonly string[]): CdcError {
  const wanted = values['schema-name']
  const near = nearest(wanted, schemas)
  return error('SCHEMA_NOT_FOUND', {
    message: `No schema of database '${values['database-name']}' matches schema-name '${wanted}'.`,
    hint: near === undefined ? `There are: ${list(schemas)}.` : `Did you mean '${near}'? There are: ${list(schemas)}.`,
    where: { option: 'schema-name' },
  })
}

function tableNotFound(what: string, name: string, { values, inSchema, matchingSchemas }: Choice): CdcError {
  const names = inSchema.filter(isTable).map((one) => one.name)
  const near = nearest(name, names)
  const there = names.length === 0 ? 'There are no tables in it.' : `There are: ${list(names)}.`
  return error('TABLE_NOT_FOUND', {
    message: `Database '${values['database-name']}' has no table ${what} in schema ${list([...matchingSchemas])} (table-name: ${values['table-name']}).`,
    hint: near === undefined ? there : `Did you mean '${near}'? ${there}`,
    where: { option: 'table-name', table: name },
  })
}

const kindNames: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialised view',
  f: 'a foreign table',
  p: 'a partitioned table',
}

function kindUnsupported(name: string, { matched }: Choice): CdcError {
  const found = matched.find((one) => one.name.toLowerCase() === name.toLowerCase()) ?? matched[0]
  const what =
    found === undefined
      ? 'nothing that can be read'
      : `${tableName(found)}, which is ${found.persistence === 'u' ? 'an unlogged table' : found.persistence === 't' ? 'a temporary table' : (kindNames[found.kind] ?? 'no table')}`
  return error('TABLE_KIND_UNSUPPORTED', {
    message: `table-name '${name}' matches ${what}: its changes are not in the log.`,
    where: { option: 'table-name', ...(found === undefined ? {} : { table: tableName(found) }) },
  })
}

/** At most twenty names. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(', ')
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown
}

/** Throws TABLE_NOT_READABLE with every statement that is missing. */
export function assertReadable(tables: Iterable<CatalogTable>, role: string): void {
  const found = [...tables].filter(({ readable }) => readable !== 'yes')
  if (found.length === 0) return
  const first = found[0]!
  const why = {
    'no-usage': 'may not use the schema of',
    'no-select': 'may not read',
    policies: 'sees only some rows of',
  }
  const statements = found.map(({ readable, schema, name }) => {
    if (readable === 'policies') return `ALTER ROLE ${quoteIdentifier(role)} BYPASSRLS;`
    if (readable === 'no-select') return `GRANT SELECT ON ${quoteQualified(schema, name)} TO ${quoteIdentifier(role)};`
    return `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(role)};`
  })
  throw error('TABLE_NOT_READABLE', {
    message: `Role '${role}' ${why[first.readable as 'no-usage']} ${list(found.map(tableName))}.`,
    hint: `Run: ${[...new Set(statements)].join(' ')}`,
    where: { table: tableName(first) },
  })
}
