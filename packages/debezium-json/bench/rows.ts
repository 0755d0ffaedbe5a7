import type { Change, Row, RowChange, Table } from '@cdc/core'

/** A table of 8 columns that looks like many, and its changes: as from a snapshot, or as from the stream. */
export const table: Table = {
  database: 'shop',
  schema: 'public',
  name: 'orders',
  key: [0],
  identity: 'default',
  columns: [
    { name: 'id', type: { kind: 'int64' }, native: 'bigint', nullable: false },
    { name: 'customer_id', type: { kind: 'int32' }, native: 'integer', nullable: false },
    { name: 'status', type: { kind: 'string', length: 20 }, native: 'character varying(20)', nullable: true },
    { name: 'total', type: { kind: 'decimal', precision: 10, scale: 2 }, native: 'numeric(10,2)', nullable: true },
    { name: 'created_at', type: { kind: 'timestamptz' }, native: 'timestamp with time zone', nullable: true },
    { name: 'updated_at', type: { kind: 'timestamp' }, native: 'timestamp without time zone', nullable: true },
    { name: 'paid', type: { kind: 'boolean' }, native: 'boolean', nullable: true },
    { name: 'note', type: { kind: 'string' }, native: 'text', nullable: true },
  ],
}

const two = (n: number) => String(n % 60).padStart(2, '0')
const row = (i: number): Row => [
  BigInt(1_000_000 + i),
  i % 5000,
  i % 3 === 0 ? 'shipped' : 'pending',
  `${(i * 7919) % 100_000}.${two(i)}`,
  `2024-03-${String((i % 28) + 1).padStart(2, '0')} 10:${two(i)}:${two(i * 7)}.${String(i % 1_000_000).padStart(6, '0')}+00`,
  `2024-03-${String((i % 28) + 1).padStart(2, '0')} 11:${two(i)}:${two(i * 11)}.5`,
  i % 2 === 0,
  'a note of forty characters, more or less.',
]

export function changes(rows: number, streamed: boolean): RowChange[] {
  const snapshot = {
    connector: 'postgres-cdc',
    database: 'shop',
    commitTime: 1_710_000_000_000_000n,
    commit: 1000n,
    horizon: '7',
  }
  const shared = { transaction: snapshot, offset: 1000n, order: 0, snapshot: 'true' as const }
  let transaction = snapshot as Change['origin']['transaction']
  return Array.from({ length: rows }, (_, i) => {
    if (!streamed) return { kind: 'insert', table, after: row(i), origin: shared }
    const place = 26_000_000n + BigInt(i) * 200n
    // a transaction has ten changes
    if (i % 10 === 0)
      transaction = {
        ...snapshot,
        id: String(700 + i),
        commit: place + 2000n,
        previousCommit: place,
        commitTime: snapshot.commitTime + BigInt(i),
      }
    return { kind: 'update', table, after: row(i), origin: { transaction, offset: place, order: i % 10 } }
  })
}
