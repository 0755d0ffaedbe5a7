import type { RecordSize } from './kafka/topic-places.ts'
import type { Measurement } from './measurement.ts'
import { MeasuredChild } from './processes.ts'

/** What the child is to run: options of source and sink as in a pipeline file. */
export interface PipelineJob {
  readonly name: string
  readonly source: Readonly<Record<string, unknown>>
  readonly sink: Readonly<Record<string, unknown>>
  /** Stop when so many changes are durable in the sink. Absent: when told. */
  readonly changes?: number
  /** Tables that are read: the shape of each is a change too, and comes before the first of its rows. */
  readonly tables: number
  readonly state: string
}

export interface PipelineMeasurement extends Measurement {
  /** Seconds from the start until a snapshot began to be read, and until the stream followed it. */
  readonly snapshot: { readonly began?: number; readonly ended?: number }
  /** Of what was written, where a topic was. */
  readonly record?: RecordSize | undefined
}

export type PipelineChild = MeasuredChild<PipelineJob, PipelineMeasurement>

/** A pipeline in a process of its own. It says `streaming` once the stream runs. */
export function startPipeline(job: PipelineJob, cores?: string): PipelineChild {
  return new MeasuredChild('pipeline', job, cores)
}

/** Runs a pipeline until its work is done. */
export async function measurePipeline(job: PipelineJob, cores?: string): Promise<PipelineMeasurement> {
  const measured = await startPipeline(job, cores).result()
  if (job.changes !== undefined && measured.changes !== job.changes)
    throw new Error(`The pipeline ${job.name} wrote ${measured.changes} changes instead of ${job.changes}.`)
  return measured
}
