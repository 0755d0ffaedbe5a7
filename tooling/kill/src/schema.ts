import type { Plan } from './plan.ts'

/** The tables of the source, with what is there before the pipeline begins. */
export function sourceSql({ rows }: Plan): string {
  return `
CREATE TABLE items (id bigint PRIMARY KEY, v int NOT NULL, name text, price numeric(12,2), at timestamptz, big text);
ALTER TABLE items ALTER big SET STORAGE EXTERNAL;
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
CREATE TABLE transfers (id bigint PRIMARY KEY, source int NOT NULL REFERENCES accounts, target int NOT NULL REFERENCES accounts, amount int NOT NULL);
CREATE TABLE parents (id int PRIMARY KEY, v int NOT NULL);
CREATE TABLE parts (id int PRIMARY KEY, parent int REFERENCES parents ON DELETE CASCADE, v int NOT NULL);
CREATE TABLE ledger (w int NOT NULL, s int NOT NULL, pad text);
CREATE TABLE seats (id int PRIMARY KEY, place int UNIQUE DEFERRABLE INITIALLY DEFERRED, v int NOT NULL);
CREATE TABLE notes (id int PRIMARY KEY, v int NOT NULL, body text);
CREATE TABLE tags (id int PRIMARY KEY, v int NOT NULL, body text);
CREATE TABLE changing (id int PRIMARY KEY, v int NOT NULL);
INSERT INTO items SELECT i, 0, 'n' || i, i / 7.0, '2026-01-01'::timestamptz + i * interval '1 second', repeat(md5(i::text), 80) FROM generate_series(1, ${rows.items}) i;
INSERT INTO accounts SELECT i, ${balance} FROM generate_series(1, ${accounts}) i;
INSERT INTO parents SELECT i, 0 FROM generate_series(1, 20) i;
INSERT INTO parts SELECT i, 1 + i % 20, 0 FROM generate_series(1, 60) i;
INSERT INTO seats SELECT i, i, 0 FROM generate_series(1, 100) i;
INSERT INTO notes SELECT i, 0, 'x' FROM generate_series(1, 30) i;
INSERT INTO tags SELECT i, 0, 'x' FROM generate_series(1, 30) i;
INSERT INTO ledger SELECT 0, i, repeat('y', 60) FROM generate_series(1, ${rows.ledger}) i;
INSERT INTO changing SELECT i, 0 FROM generate_series(1, 50) i;`
}

export const accounts = 50
export const balance = 1_000

/**
 * Made at the target beforehand: with a unique constraint, which created tables lack. One that is not deferrable asks
 * for transactions that the sink can hold as a whole.
 */
export const preparedSql = ({ rows }: Plan) =>
  `CREATE TABLE seats (id int PRIMARY KEY, place int UNIQUE ${rows.items > 1_000 ? 'DEFERRABLE INITIALLY DEFERRED' : ''}, v int NOT NULL);`

/** Foreign keys for the target, once its snapshot is over and consistent across tables. */
export const foreignKeysSql = `
ALTER TABLE transfers ADD FOREIGN KEY (source) REFERENCES accounts, ADD FOREIGN KEY (target) REFERENCES accounts;
ALTER TABLE parts ADD FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE;`

/** Every table of the source. */
export const tables = 'items accounts transfers parents parts ledger seats notes tags changing'.split(' ')

/** Those whose rows have a version that only grows, by key. */
export const versioned: ReadonlySet<string> = new Set(['items', 'seats', 'parents', 'parts', 'notes', 'changing'])
