import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { type Place, pipelineName } from './pipeline-file.ts'
import type { Plan } from './plan.ts'

/** Where somebody stands, read by nothing of the product. */
export interface Stand {
  readonly lsn: bigint
  /** Tables whose snapshot is not in, or ahead of the stream. */
  readonly unsettled: boolean
}

interface PositionText {
  readonly lsn: string
  readonly snapshot?: unknown
  readonly cuts?: unknown
}

function standOf(position: string | null | undefined): Stand | undefined {
  if (position === null || position === undefined) return undefined
  const { lsn, snapshot, cuts } = JSON.parse(position) as PositionText
  return { lsn: lsnOf(lsn), unsettled: snapshot !== undefined || cuts !== undefined }
}

/** `16/B374D848` as a number. */
export function lsnOf(text: string): bigint {
  const [high, low] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** 42P01: the table is not made yet. */
const isMissing = (failure: unknown) => (failure as { code?: string }).code === '42P01'

/** The position in the checkpoint; undefined before there is one. */
export async function checkpointStand(place: Place, plan: Plan, client: pg.Client): Promise<Stand | undefined> {
  const text =
    plan.state === 'directory' ? newestFile(join(place.folder, 'state', pipelineName)) : await savedRow(client)
  if (text === undefined) return undefined
  return standOf((JSON.parse(text) as { position: string | null }).position)
}

function newestFile(folder: string): string | undefined {
  for (;;) {
    try {
      const numbers = readdirSync(folder).flatMap((name) => /^checkpoint\.(\d+)$/.exec(name)?.[1] ?? [])
      if (numbers.length === 0) return undefined
      const newest = Math.max(...numbers.map(Number))
      return readFileSync(join(folder, `checkpoint.${newest}`), 'utf8')
        .split('\n')
        .slice(2)
        .join('\n')
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure
      // a generation that was removed meanwhile, or no folder yet
      if (!folderIsThere(folder)) return undefined
    }
  }
}

function folderIsThere(folder: string): boolean {
  try {
    readdirSync(folder)
    return true
  } catch {
    return false
  }
}

async function savedRow(client: pg.Client): Promise<string | undefined> {
  const sql = "SELECT content FROM public.cdc_state WHERE pipeline = $1 AND entry = 'checkpoint'"
  try {
    const { rows } = await client.query<{ content: string }>(sql, [pipelineName])
    return rows[0]?.content
  } catch (failure) {
    if (isMissing(failure)) return undefined
    throw failure
  }
}

/** Where each sink stands, by what lies at the target; undefined for one that has nothing yet. */
export async function sinkStands(place: Place, plan: Plan, client: pg.Client): Promise<(Stand | undefined)[]> {
  const stands: (Stand | undefined)[] = []
  if (plan.sinks !== 'files') stands.push(await targetStand(client))
  if (plan.sinks !== 'jdbc') stands.push(manifestStand(join(place.folder, 'files')))
  return stands
}

export async function targetStand(client: pg.Client): Promise<Stand | undefined> {
  try {
    const { rows } = await client.query<{ position: string | null }>('SELECT "position" FROM public.cdc_position')
    return standOf(rows[0]?.position)
  } catch (failure) {
    if (isMissing(failure)) return undefined
    throw failure
  }
}

function manifestStand(folder: string): Stand | undefined {
  try {
    const text = readFileSync(join(folder, `.cdc.${pipelineName}.filesystem.manifest`), 'utf8')
    const { position } = JSON.parse(text.slice(text.indexOf('\n') + 1)) as { position: string | null }
    return standOf(position)
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failure
  }
}
