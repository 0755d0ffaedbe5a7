import { defineErrors } from '@cdc/core'

/** What keeping changes that a sink could not take can stop with. */
export const deadLetterError = defineErrors({
  DEAD_LETTERS_NOT_WRITTEN: {
    kind: 'config',
    cause:
      'A change that the sink could not take had to be set aside, and the dead-letter file could not be made or written. Nothing was acknowledged, so nothing is lost.',
    cure: 'Give the user that runs the pipeline a directory it may write, with room in it: `dead-letters` in the file of the pipeline.',
  },
  DEAD_LETTERS_DISK_FULL: {
    kind: 'throttled',
    cause:
      'The disk of the dead-letter file is full, so a change that the sink could not take could not be set aside. Nothing was acknowledged, so nothing is lost.',
    cure: 'Free some space there, or `cdc dead-letters purge` what is not needed any more.',
  },
  DEAD_LETTERS_UNREADABLE: {
    kind: 'config',
    cause: 'A dead-letter file cannot be read, or a line of it is no dead letter of a version that is known.',
    cure: 'Look at the line named in the message. A file that was edited by hand can be put right by hand: a line is one JSON object.',
  },
  TOLERANCE_UNSUPPORTED: {
    kind: 'config',
    cause: '`errors.tolerance: all` was set for a sink that cannot tell which change it was that failed.',
    cure: 'Leave `errors.tolerance` out for this sink, or choose one that can.',
  },
  REPLAY_UNKNOWN_POSITION: {
    kind: 'config',
    cause: 'The sink remembers its position and has none yet, so changes cannot be written beside it.',
    cure: 'Run the pipeline once, so that its snapshot is in the target; then replay.',
  },
})
