import type pg from 'pg'
import type { Writer } from '../writer.ts'

/** Every writer's entries are at the target, each once: nothing lost, nothing repeated, nothing that was rolled back. */
export async function ledgerDiffers(target: pg.Client, writers: readonly Writer[]): Promise<string | undefined> {
  const { rows } = await target.query<{ w: number; least: number; last: number; count: number; kinds: number }>(
    `SELECT w, min(s) AS least, max(s) AS last, count(*)::int AS count, count(DISTINCT s)::int AS kinds
     FROM public.ledger WHERE w > 0 GROUP BY w`,
  )
  for (const { id, sequence } of writers) {
    const found = rows.find(({ w }) => w === id)
    if (found === undefined && sequence === 0) continue
    const { least, last, count, kinds } = found ?? { least: 0, last: 0, count: 0, kinds: 0 }
    if (least !== 1 || last !== sequence || count !== sequence || kinds !== sequence)
      return `the ledger of writer ${id} has ${count} entries (${kinds} different), ${least} to ${last}, and ${sequence} were written`
  }
  return undefined
}
