import type { CdcError, ErrorPlace } from '@cdc/core'
import { type KafkaErrorCode, kafkaError } from '../errors.ts'

interface Meaning {
  readonly name: string
  readonly code: KafkaErrorCode
  /** The same request may be sent again. */
  readonly retriable?: boolean
  /** Where the leader or the coordinator is has to be asked anew first. */
  readonly stale?: boolean
}

/**
 * The error codes of the Kafka protocol (https://kafka.apache.org/protocol#protocol_error_codes). One that is not here
 * is a fault of the broker for us.
 */
const meanings: Readonly<Record<number, Meaning>> = {
  1: { name: 'OFFSET_OUT_OF_RANGE', code: 'KAFKA_OFFSET_OUT_OF_RANGE' },
  2: { name: 'CORRUPT_MESSAGE', code: 'KAFKA_CORRUPT', retriable: true },
  3: { name: 'UNKNOWN_TOPIC_OR_PARTITION', code: 'KAFKA_TOPIC_MISSING', retriable: true, stale: true },
  5: { name: 'LEADER_NOT_AVAILABLE', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  6: { name: 'NOT_LEADER_OR_FOLLOWER', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  7: { name: 'REQUEST_TIMED_OUT', code: 'KAFKA_UNREACHABLE', retriable: true },
  8: { name: 'BROKER_NOT_AVAILABLE', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  9: { name: 'REPLICA_NOT_AVAILABLE', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  10: { name: 'MESSAGE_TOO_LARGE', code: 'KAFKA_RECORD_TOO_LARGE' },
  13: { name: 'NETWORK_EXCEPTION', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  14: { name: 'COORDINATOR_LOAD_IN_PROGRESS', code: 'KAFKA_UNREACHABLE', retriable: true },
  15: { name: 'COORDINATOR_NOT_AVAILABLE', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  16: { name: 'NOT_COORDINATOR', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  17: { name: 'INVALID_TOPIC_EXCEPTION', code: 'KAFKA_TOPIC_REFUSED' },
  18: { name: 'RECORD_LIST_TOO_LARGE', code: 'KAFKA_RECORD_TOO_LARGE' },
  19: { name: 'NOT_ENOUGH_REPLICAS', code: 'KAFKA_NOT_ENOUGH_REPLICAS', retriable: true },
  20: { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', code: 'KAFKA_NOT_ENOUGH_REPLICAS', retriable: true },
  22: { name: 'ILLEGAL_GENERATION', code: 'KAFKA_REBALANCED' },
  23: { name: 'INCONSISTENT_GROUP_PROTOCOL', code: 'KAFKA_GROUP_REFUSED' },
  24: { name: 'INVALID_GROUP_ID', code: 'KAFKA_GROUP_REFUSED' },
  25: { name: 'UNKNOWN_MEMBER_ID', code: 'KAFKA_REBALANCED' },
  26: { name: 'INVALID_SESSION_TIMEOUT', code: 'KAFKA_GROUP_REFUSED' },
  27: { name: 'REBALANCE_IN_PROGRESS', code: 'KAFKA_REBALANCED' },
  29: { name: 'TOPIC_AUTHORIZATION_FAILED', code: 'KAFKA_AUTHORIZATION' },
  30: { name: 'GROUP_AUTHORIZATION_FAILED', code: 'KAFKA_AUTHORIZATION' },
  31: { name: 'CLUSTER_AUTHORIZATION_FAILED', code: 'KAFKA_AUTHORIZATION' },
  32: { name: 'INVALID_TIMESTAMP', code: 'KAFKA_RECORD_REFUSED' },
  33: { name: 'UNSUPPORTED_SASL_MECHANISM', code: 'KAFKA_MECHANISM' },
  34: { name: 'ILLEGAL_SASL_STATE', code: 'KAFKA_PROTOCOL' },
  35: { name: 'UNSUPPORTED_VERSION', code: 'KAFKA_BROKER_TOO_OLD' },
  36: { name: 'TOPIC_ALREADY_EXISTS', code: 'KAFKA_TOPIC_REFUSED' },
  37: { name: 'INVALID_PARTITIONS', code: 'KAFKA_TOPIC_REFUSED' },
  38: { name: 'INVALID_REPLICATION_FACTOR', code: 'KAFKA_TOPIC_REFUSED' },
  39: { name: 'INVALID_REPLICA_ASSIGNMENT', code: 'KAFKA_TOPIC_REFUSED' },
  40: { name: 'INVALID_CONFIG', code: 'KAFKA_TOPIC_REFUSED' },
  41: { name: 'NOT_CONTROLLER', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  44: { name: 'POLICY_VIOLATION', code: 'KAFKA_TOPIC_REFUSED' },
  45: { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', code: 'KAFKA_PRODUCER_STATE' },
  46: { name: 'DUPLICATE_SEQUENCE_NUMBER', code: 'KAFKA_PRODUCER_STATE' },
  47: { name: 'INVALID_PRODUCER_EPOCH', code: 'KAFKA_PRODUCER_FENCED' },
  48: { name: 'INVALID_TXN_STATE', code: 'KAFKA_PRODUCER_STATE' },
  49: { name: 'INVALID_PRODUCER_ID_MAPPING', code: 'KAFKA_PRODUCER_STATE' },
  50: { name: 'INVALID_TRANSACTION_TIMEOUT', code: 'KAFKA_TRANSACTION_TIMEOUT' },
  51: { name: 'CONCURRENT_TRANSACTIONS', code: 'KAFKA_UNREACHABLE', retriable: true },
  53: { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', code: 'KAFKA_AUTHORIZATION' },
  54: { name: 'SECURITY_DISABLED', code: 'KAFKA_AUTHORIZATION' },
  56: { name: 'KAFKA_STORAGE_ERROR', code: 'KAFKA_BROKER_FAULT', retriable: true, stale: true },
  58: { name: 'SASL_AUTHENTICATION_FAILED', code: 'KAFKA_AUTHENTICATION' },
  59: { name: 'UNKNOWN_PRODUCER_ID', code: 'KAFKA_PRODUCER_STATE' },
  68: { name: 'NON_EMPTY_GROUP', code: 'KAFKA_GROUP_BUSY' },
  72: { name: 'LISTENER_NOT_FOUND', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  74: { name: 'FENCED_LEADER_EPOCH', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  75: { name: 'UNKNOWN_LEADER_EPOCH', code: 'KAFKA_UNREACHABLE', retriable: true, stale: true },
  78: { name: 'OFFSET_NOT_AVAILABLE', code: 'KAFKA_UNREACHABLE', retriable: true },
  81: { name: 'GROUP_MAX_SIZE_REACHED', code: 'KAFKA_GROUP_REFUSED' },
  82: { name: 'FENCED_INSTANCE_ID', code: 'KAFKA_INSTANCE_FENCED' },
  87: { name: 'INVALID_RECORD', code: 'KAFKA_RECORD_REFUSED' },
  88: { name: 'UNSTABLE_OFFSET_COMMIT', code: 'KAFKA_UNREACHABLE', retriable: true },
  89: { name: 'THROTTLING_QUOTA_EXCEEDED', code: 'KAFKA_THROTTLED', retriable: true },
  90: { name: 'PRODUCER_FENCED', code: 'KAFKA_PRODUCER_FENCED' },
  100: { name: 'UNKNOWN_TOPIC_ID', code: 'KAFKA_TOPIC_MISSING', retriable: true, stale: true },
  103: { name: 'INCONSISTENT_TOPIC_ID', code: 'KAFKA_TOPIC_MISSING', retriable: true, stale: true },
  120: { name: 'TRANSACTION_ABORTABLE', code: 'KAFKA_PRODUCER_STATE' },
}

const unknown: Meaning = { name: 'an error', code: 'KAFKA_BROKER_FAULT' }

export function isRetriable(protocolCode: number): boolean {
  return (meanings[protocolCode] ?? unknown).retriable === true
}

export function isStale(protocolCode: number): boolean {
  return (meanings[protocolCode] ?? unknown).stale === true
}

/** The error of a protocol code. `what` was being done: `write to topic t, partition 0`. */
export function protocolError(
  protocolCode: number,
  what: string,
  details: { readonly said?: string | null | undefined; readonly where?: ErrorPlace; readonly cause?: unknown } = {},
): CdcError {
  const { name, code } = meanings[protocolCode] ?? unknown
  const said = details.said ? `: ${details.said}` : ''
  return kafkaError(code, {
    message: `Kafka refused to ${what}: ${name} (${protocolCode})${said}`,
    ...(details.where === undefined ? {} : { where: details.where }),
    ...(details.cause === undefined ? {} : { cause: details.cause }),
  })
}
