import { type Batch, choice, defineOptions, flag, type OptionValues, option, type Position } from '@cdc/core'
import { z } from 'zod'

/**
 * Takes a batch. Called for one batch after the other, never twice at a time; while its promise is not resolved no
 * other batch comes, and what is read ahead is bounded. `signal` aborts when the pipeline gives up waiting.
 */
export type OnBatch = (batch: Batch, signal: AbortSignal) => void | Promise<void>

/**
 * Called after batches, never inside a transaction of the source. When it resolves, everything up to `position` must
 * be durable: the source frees its log after it. `previous` is the position before: what this instance was last
 * flushed with, else what `position` answered.
 */
export type OnFlush = (position: Position, signal: AbortSignal, previous: Position | undefined) => void | Promise<void>

/** Where the program stands: the last position that it has stored. undefined or null: nothing of this pipeline yet. */
export type ReadPosition = () => Position | null | undefined | Promise<Position | null | undefined>

/** Called before anything else, at each start and after each fault. */
export type OnOpen = () => void | Promise<void>

/**
 * Called at each stop and after each fault, once for each `onOpen` that was called: roll back what was not flushed.
 * Never while another of the functions runs.
 */
export type OnClose = () => void | Promise<void>

/** Does what a function threw pass by itself? Then changes are read again; else the pipeline stops. */
export type Retriable = (error: unknown) => boolean

const takes = ['message', 'transaction'] as const
type Takes = readonly (typeof takes)[number][]

export const callbackOptions = defineOptions(
  {
    onBatch: option(ofFunction<OnBatch>(), { doc: 'Takes a batch.', required: true }, 'Function'),
    onFlush: option(
      ofFunction<OnFlush>(),
      {
        doc: 'Makes everything up to the position that it is given durable. Absent: it is so when `onBatch` resolves.',
      },
      'Function',
    ),
    position: option(
      ofFunction<ReadPosition>(),
      { doc: 'Gives the position that `onFlush` has stored with the rows, in one transaction: makes it exactly once.' },
      'Function',
    ),
    onOpen: option(ofFunction<OnOpen>(), { doc: 'Called first, at each start and after each fault.' }, 'Function'),
    onClose: option(
      ofFunction<OnClose>(),
      { doc: 'Called last, at each stop and after each fault: drops what was not flushed.' },
      'Function',
    ),
    retriable: option(
      ofFunction<Retriable>(),
      { doc: 'Says of an error that a function threw whether it passes, so that changes are read again.' },
      'Function',
    ),
    accepts: choice(['append', 'upsert', 'retract'], {
      doc: 'What `onBatch` can take: inserts only, changes by key, or all with whole old rows.',
      default: 'upsert',
    }),
    wholeRows: flag({
      doc: 'Stop at a row that lacks a cell (an unchanged TOAST value), so that `onBatch` never sees one.',
      default: false,
    }),
    keyless: choice(['refuse', 'append'], {
      doc: 'Tables without a key: refuse them, or take their inserts.',
      default: 'append',
    }),
    takes: option(
      z.custom<Takes>(isTakes, { error: `must be a list of ${takes.join(', ')}` }),
      { doc: 'Optional kinds of changes: `message` (logical messages), `transaction` (begin and commit).' },
      'List',
    ),
  },
  [
    ({ position, onFlush }, problem) => {
      if (position !== undefined && onFlush === undefined)
        problem(
          'position',
          "Option 'position' needs 'onFlush', which stores what it gives back.",
          'Give onFlush, or leave position out.',
        )
    },
  ],
)

export type CallbackValues = OptionValues<typeof callbackOptions.fields>

function ofFunction<F>() {
  return z.custom<F>((value) => typeof value === 'function', { error: 'must be a function' })
}

function isTakes(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => takes.includes(one))
}
