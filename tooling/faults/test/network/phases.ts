import { asks, type WireMessage } from './wire.ts'

/** What between the pipeline and a server. */
export type LinkName = 'source' | 'target' | 'state'

/** How far the pipeline is; a phase may be meant for one of them alone. */
export type Stage = 'starting' | 'streaming'

export interface Phase {
  /** Completes "... in ...". */
  readonly name: string
  /** Is this the message that the phase is known by? */
  readonly at: (message: WireMessage, stage: Stage) => boolean
  /** Which of them. Default the first. */
  readonly nth?: number
  /** Is the connection soon done with, so that nobody may need to hear of its end? */
  readonly passing?: boolean
}

const XLOG_DATA = 0x77
const STATUS = 0x72

const connecting: Phase[] = [
  { name: 'the first message', passing: true, at: ({ direction }) => direction === 'up' },
  { name: 'the answer about TLS', at: ({ direction, type }) => direction === 'down' && type === 'N' },
  { name: 'the first word of authentication', at: ({ direction, type }) => direction === 'up' && type === 'p' },
  { name: 'the proof of the password', at: ({ direction, type }) => direction === 'up' && type === 'p', nth: 2 },
  { name: 'the end of authentication', at: ({ direction, type }) => direction === 'down' && type === 'K' },
]

const inCopy = (kind: WireMessage['copying'], direction: 'up' | 'down') => (message: WireMessage) =>
  message.copying === kind && message.direction === direction && message.type === 'd'

/** The phases of each link, in the order in which a run meets them. */
export const phases: Readonly<Record<LinkName, readonly Phase[]>> = {
  source: [
    ...connecting,
    { name: 'the settings of a session', at: (message) => asks(message, 'set_config') },
    { name: 'a question to the catalog', at: (message) => asks(message, 'pg_attribute') },
    { name: 'the creation of the slot', at: (message) => asks(message, 'CREATE_REPLICATION_SLOT') },
    { name: 'the import of the snapshot', at: (message) => asks(message, 'SET TRANSACTION SNAPSHOT') },
    { name: 'the first rows of the snapshot', passing: true, at: inCopy('out', 'down') },
    { name: 'the rows of the snapshot', passing: true, at: inCopy('out', 'down'), nth: 120 },
    { name: 'the start of the stream', at: (message) => asks(message, 'START_REPLICATION') },
    {
      name: 'the stream',
      at: (message) => inCopy('both', 'down')(message) && message.body[0] === XLOG_DATA,
      nth: 40,
    },
    {
      name: 'an acknowledgement',
      at: (message) => inCopy('both', 'up')(message) && message.body[0] === STATUS,
      nth: 3,
    },
    { name: 'the second session beside the stream', at: (message) => asks(message, 'pg_logical_emit_message') },
  ],
  target: [
    ...connecting,
    { name: 'the settings of the session', at: (message) => asks(message, 'set_config') },
    { name: 'the reading of the position', at: (message) => asks(message, 'cdc_position') },
    { name: 'a question to the catalog', at: (message) => asks(message, 'pg_attribute') },
    { name: 'the creation of a table', at: (message) => asks(message, 'CREATE TABLE') },
    // the rows follow the statement at once, before the server has answered it
    { name: 'the loading of the snapshot', at: ({ direction, type }) => direction === 'up' && type === 'd' },
    { name: 'the first COMMIT', at: (message) => asks(message, 'COMMIT') },
    {
      name: 'the beginning of a transaction',
      at: (message, stage) => stage === 'streaming' && asks(message, 'BEGIN'),
    },
    {
      name: 'the application of changes',
      at: ({ direction, type }, stage) => stage === 'streaming' && direction === 'up' && type === 'E',
      nth: 3,
    },
    { name: 'COMMIT', at: (message, stage) => stage === 'streaming' && asks(message, 'COMMIT') },
    {
      name: 'the answer to COMMIT',
      at: ({ direction, type, body }, stage) =>
        stage === 'streaming' && direction === 'down' && type === 'C' && body.includes('COMMIT\0'),
    },
  ],
  state: [
    ...connecting,
    { name: 'the taking of the lease', at: (message) => asks(message, 'pg_try_advisory_lock') },
    { name: 'the look for its table', at: (message) => asks(message, 'pg_class') },
    { name: 'the loading of the checkpoint', at: (message) => asks(message, 'SELECT version, generation') },
    { name: 'the first save', at: (message) => asks(message, 'INSERT INTO "public"') },
    { name: 'a save', at: (message) => asks(message, 'UPDATE "public"'), nth: 2 },
    {
      name: 'the answer to a save',
      at: ({ direction, type, body }) => direction === 'down' && type === 'C' && body.includes('UPDATE 1\0'),
    },
  ],
}

const record = (direction: 'up' | 'down', nth: number, name: string): Phase => ({
  name,
  nth,
  passing: true,
  at: (message) => message.type === 'record' && message.direction === direction,
})

/** Of a link that is encrypted, where only records of TLS can be told from each other. */
export const encryptedPhases: readonly Phase[] = [
  record('up', 1, "the client's first TLS record"),
  record('down', 1, "the server's first TLS record"),
  record('down', 3, "the server's third TLS record"),
  record('up', 6, "the client's sixth TLS record"),
  record('down', 15, "the server's fifteenth TLS record"),
  record('down', 60, "the server's sixtieth TLS record"),
]
