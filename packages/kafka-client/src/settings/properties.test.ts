import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseJaas } from './jaas.ts'
import { ignoredProperties, readProperties } from './properties.ts'
import { propertyTable } from './property-table.ts'

const servers = { 'bootstrap.servers': 'a:9092' }

/** The message of the refusal. */
function refusal(properties: Record<string, string>): string {
  try {
    readProperties({ ...servers, ...properties })
  } catch (error) {
    expect(error).toMatchObject({ code: 'KAFKA_PROPERTY', kind: 'config' })
    return (error as Error).message
  }
  throw new Error('It was expected to be refused.')
}

describe('properties', () => {
  test('brokers are host:port with commas, IPv6 in brackets', () => {
    const { brokers } = readProperties({ 'bootstrap.servers': 'a:9092, [::1]:9093,SASL_SSL://b:1' })
    expect(brokers).toEqual([
      { host: 'a', port: 9092 },
      { host: '::1', port: 9093 },
      { host: 'b', port: 1 },
    ])
    expect(refusal({ 'bootstrap.servers': 'a' })).toContain("'a' has not the form host:port")
    expect(refusal({ 'bootstrap.servers': '' })).toContain('bootstrap.servers is needed')
  })

  test('an unknown one is refused with the nearest name', () => {
    expect(refusal({ 'compresion.type': 'zstd' })).toContain('did you mean properties.compression.type?')
    expect(refusal({ toString: 'x' })).toContain('properties.toString is no property')
  })

  test('all faults are told at once', () => {
    const message = refusal({ acks: '1', 'batch.size': 'many', 'linger.mss': '5' })
    expect(message.split('\n')).toHaveLength(3)
  })

  test('the ones without effect are known, each with its reason', () => {
    expect(ignoredProperties({ ...servers, 'linger.ms': '5' })).toEqual([
      'properties.linger.ms has no effect: records come in batches, so that there is nothing to wait for.',
    ])
    expect(readProperties({ ...servers, 'linger.ms': '5', retries: '3' }).clientId).toBe('cdc')
  })

  test('what would lose or repeat records is refused', () => {
    expect(refusal({ acks: '0' })).toContain('acks=0 is refused')
    expect(refusal({ 'enable.idempotence': 'false' })).toContain('enable.idempotence=false is refused')
  })

  test('JKS and PKCS12 stores are refused with the commands that convert them', () => {
    const message = refusal({ 'security.protocol': 'SSL', 'ssl.truststore.type': 'JKS' })
    expect(message).toContain('keytool -importkeystore')
    expect(message).toContain('openssl pkcs12 -in store.p12 -nokeys -out ca.pem')
    expect(refusal({ 'security.protocol': 'SSL', 'ssl.keystore.location': '/x/client.p12' })).toContain(
      'openssl pkcs12',
    )
    expect(refusal({ 'ssl.truststore.password': 'changeit' })).not.toContain('changeit')
  })

  test('a store that is named must be there, and be PEM', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cdc-pem-')), 'store')
    writeFileSync(file, Buffer.from([0xfe, 0xed, 0xfe, 0xed]))
    expect(refusal({ 'security.protocol': 'SSL', 'ssl.truststore.location': file })).toContain('is no PEM file')
    const gone = refusal({ 'security.protocol': 'SSL', 'ssl.truststore.location': `${file}.gone` })
    expect(gone).toContain('cannot be read (ENOENT)')
  })

  test('SASL needs a mechanism and its login, and no password is told', () => {
    expect(refusal({ 'security.protocol': 'SASL_SSL' })).toContain('sasl.mechanism is needed')
    const broken = refusal({
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'PLAIN',
      'sasl.jaas.config': 'password=hunter2',
    })
    expect(broken).toContain('sasl.jaas.config has the form')
    expect(broken).not.toContain('hunter2')
    expect(refusal({ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'GSSAPI' })).toContain(
      'sasl.mechanism is one of',
    )
  })

  test('an empty identification algorithm switches the check of the host name off, and only that', () => {
    const ssl = { ...servers, 'security.protocol': 'SSL' }
    expect(readProperties(ssl).tls?.verifyHost).toBe(true)
    expect(readProperties({ ...ssl, 'ssl.endpoint.identification.algorithm': '' }).tls?.verifyHost).toBe(false)
  })

  test('the assignors of the Java client are known by their classes', () => {
    const strategy = 'org.apache.kafka.clients.consumer.RangeAssignor,cooperative-sticky'
    expect(readProperties({ ...servers, 'partition.assignment.strategy': strategy }).assignors).toEqual([
      'range',
      'cooperative-sticky',
    ])
  })

  test('every default of the table is one that is read', () => {
    const readable = Object.entries(propertyTable).flatMap(([name, treatment]) =>
      treatment.does === 'supported' &&
      /^\d+$|^(all|true|none|PEM|https|cdc|PLAINTEXT)$/.test(treatment.default) &&
      !/sasl|ssl|group/.test(name)
        ? [[name, treatment.default] as const]
        : [],
    )
    expect(readProperties({ ...Object.fromEntries(readable), ...servers })).toEqual(readProperties(servers))
  })
})

describe('sasl.jaas.config', () => {
  test('has a module and options, quoted or not, with backslashes before quotes', () => {
    const login = parseJaas(
      'org.apache.kafka.common.security.plain.PlainLoginModule required\n username="al ice" password="a\\"b\\\\c;=" user_x=y;',
    )
    expect(login?.module).toBe('org.apache.kafka.common.security.plain.PlainLoginModule')
    expect(login?.options).toEqual(
      new Map([
        ['username', 'al ice'],
        ['password', 'a"b\\c;='],
        ['user_x', 'y'],
      ]),
    )
  })

  test('is refused when it is none', () => {
    expect(parseJaas('')).toBeUndefined()
    expect(parseJaas('Module username="x"')).toBeUndefined()
    expect(parseJaas('Module required username="x')).toBeUndefined()
  })
})
