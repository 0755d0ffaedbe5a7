import { laws } from './law.ts'

/** The laws that `formatConformance` checks. */
export const formatLaws = laws({
  'FORMAT-ROUND-TRIP': {
    says: "What was encoded decodes to changes that do the same to a table, with old rows as far as 'holds' declares them.",
    broken: 'A pipeline that reads what another one wrote ends with other rows.',
  },
  'FORMAT-VALUES': {
    says: 'Every cell of every type, edges and null included, decodes to what was encoded.',
    broken: 'Values are changed on the way.',
  },
  'FORMAT-UNDEFINED-IS-NOT-NULL': {
    says: 'A cell that was not sent never decodes to null, and null never to a cell that was not sent.',
    broken: 'Large values that did not change (TOAST) become null for every consumer.',
  },
  'FORMAT-DETERMINISTIC': {
    says: 'The same change gives the same bytes, from any encoder of the same shape.',
    broken: 'Keys of the same row go to different partitions, and repeats cannot be recognised.',
  },
  'FORMAT-ENCODER-ONCE': {
    says: 'An encoder that was compiled once encodes all kinds of changes in any order, and encoders of other shapes beside it do not matter.',
    broken: 'A record depends on what was encoded before it.',
  },
  'FORMAT-BYTES-STAY': {
    says: 'Bytes that were handed out do not change when more is encoded, and the change that was encoded is not touched.',
    broken: 'A sink that keeps records for a moment sends the last one several times.',
  },
  'FORMAT-RECORD': {
    says: "Records of rows have destination 'table', and bytes, a well-formed text or null as key and value; one without a value has a key.",
    broken: 'The sink sends records to the wrong topic, or a tombstone that deletes nothing.',
  },
  'FORMAT-KEY': {
    says: 'The key of a record depends on the key of the row and on nothing else, and differs between rows.',
    broken: 'Changes of one row are in several partitions and overtake each other, or compaction deletes other rows.',
  },
  'FORMAT-TOMBSTONE': {
    says: 'A record without a value decodes to a delete of its key or to nothing.',
    broken: 'Reading a compacted topic fails, or invents rows.',
  },
  'FORMAT-GARBAGE': {
    says: "Bytes that are no record fail with an error of kind 'data', what is read holds cells of its types only, and the decoder goes on with the next record.",
    broken: 'One bad record stops the pipeline without a word where, or is taken for a row.',
  },
})
