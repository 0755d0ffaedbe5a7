import { type Callback, Connection } from '@platformatic/kafka'
import { connectionError } from '../../errors/network-error.ts'
import { kafkaError } from '../../errors.ts'
import type { KafkaSettings } from '../../settings/settings.ts'
import { addressOf, type BrokerAddress } from './broker-address.ts'
import { connectionOptions } from './connection-options.ts'

type Lane = 'main' | 'send' | 'fetch' | 'join'

/**
 * The connections of one client object, one per broker and purpose (`lane`): an answer that is waited for long (a
 * fetch, a join) must not hold the others back. Made when first asked for; a broken one is forgotten.
 */
export class Connections {
  readonly #settings: KafkaSettings
  readonly #open = new Map<string, Promise<Connection>>()
  #closed = false

  constructor(settings: KafkaSettings) {
    this.#settings = settings
  }

  /** A connection that is ready, authenticated where wanted. Throws the coded reason. */
  get(broker: BrokerAddress, lane: Lane, timeout = this.#settings.requestTimeout): Promise<Connection> {
    if (this.#closed) return Promise.reject(closedError())
    const key = `${lane} ${addressOf(broker)}`
    const open = this.#open.get(key)
    if (open !== undefined) return open
    const made = this.#connect(broker, key, timeout)
    this.#open.set(key, made)
    return made
  }

  async #connect(broker: BrokerAddress, key: string, timeout: number): Promise<Connection> {
    const connection = new Connection(this.#settings.clientId, connectionOptions(this.#settings, timeout))
    const forget = () => this.#open.delete(key)
    // it may report more than one error, and one that nobody listens to would end the process
    connection.on('error', forget)
    connection.on('close', forget)
    try {
      await connection.connect(broker.host, broker.port)
    } catch (cause) {
      forget()
      throw connectionError(cause, 'connect to the broker', addressOf(broker))
    }
    if (this.#closed) {
      await connection.close()
      throw closedError()
    }
    return connection
  }

  /** What waits for an answer fails. */
  async close(): Promise<void> {
    this.#closed = true
    const open = await Promise.allSettled(this.#open.values())
    this.#open.clear()
    await Promise.allSettled(open.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)))
  }

  get closed(): boolean {
    return this.#closed
  }
}

export function closedError() {
  return kafkaError('KAFKA_CLOSED', { message: 'The Kafka client is closed.' })
}

/** One request and its answer. An answer that has error codes in it is an answer all the same. */
export function request<A extends unknown[], R>(
  connection: Connection,
  api: (connection: Connection, ...args: [...A, Callback<R>]) => void,
  ...args: A
): Promise<R> {
  return new Promise((resolve, reject) => {
    api(connection, ...args, (error, answer) => {
      if (!error) {
        resolve(answer as R)
        return
      }
      const { response } = error as { response?: R }
      if (response === undefined || response === null) reject(error)
      else resolve(response)
    })
  })
}
