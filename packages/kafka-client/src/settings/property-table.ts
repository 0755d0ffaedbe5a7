/** How a property of the Java client is treated. Texts are for the user. */
export type Treatment =
  | { readonly does: 'supported'; readonly default: string; readonly doc: string }
  | { readonly does: 'ignored'; readonly why: string }
  | { readonly does: 'refused'; readonly why: string }

const supported = (fallback: string, doc: string): Treatment => ({ does: 'supported', default: fallback, doc })
const ignored = (why: string): Treatment => ({ does: 'ignored', why })
const refused = (why: string): Treatment => ({ does: 'refused', why })

const toPem =
  'convert it to PEM: `keytool -importkeystore -srckeystore FILE -destkeystore store.p12 -deststoretype PKCS12` (for a JKS file), then `openssl pkcs12 -in store.p12 -out store.pem -nodes` (a key store) or `openssl pkcs12 -in store.p12 -nokeys -out ca.pem` (a trust store)'
const inProcess = 'it configures classes of the Java client, and there is no Java here'
const always = 'the connector decides it, and it cannot be otherwise'

/** Every property that is known, under its own name in Kafka's documentation of producer and consumer configurations. */
export const propertyTable: Readonly<Record<string, Treatment>> = {
  'bootstrap.servers': supported('required', 'Brokers to begin with, `host:port,host:port`.'),
  'client.id': supported('cdc', 'Shown in the logs and quotas of the brokers.'),
  'security.protocol': supported('PLAINTEXT', 'PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.'),
  'sasl.mechanism': supported(
    'none',
    'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. Needed with a SASL protocol: the Java client’s default, GSSAPI, is not there.',
  ),
  'sasl.jaas.config': supported(
    'none',
    'The login module with its options, as in Java: `org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p";`. For OAUTHBEARER `clientId`, `clientSecret`, `scope` and, for a token endpoint with a certificate of your own authority, `ssl.truststore.location` (PEM); or `unsecuredLoginStringClaim_sub` for tests.',
  ),
  'sasl.oauthbearer.token.endpoint.url': supported(
    'none',
    'Where OAUTHBEARER gets its tokens (client credentials grant). A token serves all connections until 80 % of its time is over.',
  ),
  'sasl.oauthbearer.client.credentials.client.id': supported('none', 'OAUTHBEARER: the client id.'),
  'sasl.oauthbearer.client.credentials.client.secret': supported('none', 'OAUTHBEARER: the secret of the client id.'),
  'sasl.oauthbearer.scope': supported('none', 'OAUTHBEARER: the scope that is asked for.'),
  'ssl.truststore.type': supported('PEM', 'PEM. Others are refused, with the command that converts them.'),
  'ssl.truststore.location': supported(
    'the authorities that Node trusts',
    'File with the certificates of authorities, PEM.',
  ),
  'ssl.truststore.certificates': supported('none', 'The same, as text.'),
  'ssl.keystore.type': supported('PEM', 'PEM. Others are refused, with the command that converts them.'),
  'ssl.keystore.location': supported('none', 'File with the client’s private key and certificate chain, PEM.'),
  'ssl.keystore.key': supported('none', 'The private key, as text.'),
  'ssl.keystore.certificate.chain': supported('none', 'The certificate chain, as text.'),
  'ssl.key.password': supported('none', 'Of an encrypted private key.'),
  'ssl.endpoint.identification.algorithm': supported(
    'https',
    'https: the certificate must be for the host name. Empty: any name goes, which lets others stand in for the broker.',
  ),
  'request.timeout.ms': supported('30000', 'For one answer of a broker.'),
  'socket.connection.setup.timeout.ms': supported('10000', 'For a connection to be made.'),
  'default.api.timeout.ms': supported('60000', 'For everything that is no send, repeats included.'),
  'delivery.timeout.ms': supported('120000', 'For a batch to be acknowledged, repeats included.'),
  'retry.backoff.ms': supported('100', 'Before the first repeat; it doubles.'),
  'retry.backoff.max.ms': supported('1000', 'The longest wait before a repeat.'),
  'metadata.max.age.ms': supported('300000', 'After which leaders and topics are looked up anew.'),
  'compression.type': supported('none', 'none, gzip, snappy, lz4 or zstd.'),
  'max.request.size': supported('1048576', 'Bytes of one request, and of one record before compression.'),
  'batch.size': supported(
    '1000000',
    'Bytes of one batch at most, before compression. The Java client’s 16384 is for records that come singly; here a whole batch is at hand.',
  ),
  'transaction.timeout.ms': supported('60000', 'After which the coordinator aborts an open transaction.'),
  'group.id': supported('none', 'The consumer group.'),
  'group.instance.id': supported('none', 'Static membership.'),
  'isolation.level': supported(
    'read_committed',
    'read_committed or read_uncommitted. The Java client’s default is read_uncommitted; records of aborted transactions are none.',
  ),
  'auto.offset.reset': supported('none', 'For a group without a committed offset: earliest, latest or none.'),
  'fetch.min.bytes': supported('1', 'A fetch waits for as many bytes.'),
  'fetch.max.wait.ms': supported('500', 'A fetch waits at most so long.'),
  'fetch.max.bytes': supported('52428800', 'Bytes of one fetch.'),
  'max.partition.fetch.bytes': supported('1048576', 'Bytes of one fetch from one partition.'),
  'max.poll.records': supported('500', 'Records in one batch that is handed on.'),
  'max.poll.interval.ms': supported('300000', 'How long a partition that goes may take to be given up.'),
  'session.timeout.ms': supported('45000', 'After which a silent member has lost its partitions.'),
  'heartbeat.interval.ms': supported('3000', 'Between two heartbeats.'),
  'partition.assignment.strategy': supported(
    'cooperative-sticky',
    'cooperative-sticky, range or roundrobin, or the names of those Java classes, with commas. All members of a group need one in common.',
  ),
  acks: supported('all', 'all, or -1: others are refused, as they lose records.'),
  'enable.idempotence': supported('true', 'true: without it a repeat would be a second record.'),

  'linger.ms': ignored('records come in batches, so that there is nothing to wait for'),
  retries: ignored('a send is repeated until delivery.timeout.ms'),
  'max.in.flight.requests.per.connection': ignored('it is 1: order is kept under every repeat'),
  'buffer.memory': ignored('the pipeline’s own limits hold the source back'),
  'max.block.ms': ignored('see default.api.timeout.ms'),
  'send.buffer.bytes': ignored('the operating system sizes the buffers'),
  'receive.buffer.bytes': ignored('the operating system sizes the buffers'),
  'reconnect.backoff.ms': ignored('see retry.backoff.ms'),
  'reconnect.backoff.max.ms': ignored('see retry.backoff.max.ms'),
  'socket.connection.setup.timeout.max.ms': ignored('see socket.connection.setup.timeout.ms'),
  'connections.max.idle.ms': ignored('the broker closes idle connections, and they are made again'),
  'metadata.max.idle.ms': ignored('topics that are not used are not looked up'),
  'metadata.recovery.strategy': ignored('the bootstrap servers are always asked again'),
  'client.dns.lookup': ignored('Node’s look-up is used'),
  'check.crcs': ignored('checksums are always checked'),
  'allow.auto.create.topics': ignored('topics are made by the connector or not at all'),
  'exclude.internal.topics': ignored('a pattern never matches internal topics'),
  'enable.auto.commit': ignored('offsets are committed after the sink has flushed, and only then'),
  'auto.commit.interval.ms': ignored('offsets are committed after the sink has flushed, and only then'),
  'ssl.protocol': ignored('Node negotiates the newest version of TLS that both know'),
  'ssl.enabled.protocols': ignored('Node negotiates the newest version of TLS that both know'),
  'ssl.provider': ignored(inProcess),
  'ssl.secure.random.implementation': ignored(inProcess),
  'metric.reporters': ignored(inProcess),
  'metrics.num.samples': ignored(inProcess),
  'metrics.sample.window.ms': ignored(inProcess),
  'metrics.recording.level': ignored(inProcess),
  'enable.metrics.push': ignored('no telemetry is sent'),
  'sasl.login.refresh.buffer.seconds': ignored('a token is renewed when the broker asks for it'),
  'sasl.login.refresh.min.period.seconds': ignored('a token is renewed when the broker asks for it'),
  'sasl.login.refresh.window.factor': ignored('a token is renewed when the broker asks for it'),
  'sasl.login.refresh.window.jitter': ignored('a token is renewed when the broker asks for it'),
  'partitioner.ignore.keys': ignored('a key decides its partition'),
  'partitioner.adaptive.partitioning.enable': ignored('a key decides its partition'),
  'partitioner.availability.timeout.ms': ignored('a key decides its partition'),

  'transactional.id': refused('it is made from `sink.transactional-id-prefix`: set that'),
  'key.serializer': refused(`use \`key.format\`: ${always}`),
  'value.serializer': refused(`use \`value.format\`: ${always}`),
  'key.deserializer': refused(`use \`key.format\`: ${always}`),
  'value.deserializer': refused(`use \`value.format\`: ${always}`),
  'interceptor.classes': refused(inProcess),
  'partitioner.class': refused('use `sink.partitioner`'),
  'group.protocol': refused('members speak the classic protocol, which every broker has: leave it out'),
  'group.remote.assignor': refused('it belongs to group.protocol=consumer: use partition.assignment.strategy'),
  'client.rack': refused('reading from followers is not there yet: leave it out'),
  'sasl.kerberos.service.name': refused('Kerberos (GSSAPI) is not there: use SCRAM or TLS certificates'),
  'sasl.client.callback.handler.class': refused(inProcess),
  'sasl.login.callback.handler.class': refused(
    'it is a Java class; for OAUTHBEARER set sasl.oauthbearer.token.endpoint.url, which is enough',
  ),
  'sasl.login.class': refused(inProcess),
  'sasl.oauthbearer.jwks.endpoint.url': refused('it is for brokers'),
  'security.providers': refused(inProcess),
  'ssl.engine.factory.class': refused(inProcess),
  'ssl.keymanager.algorithm': refused(inProcess),
  'ssl.trustmanager.algorithm': refused(inProcess),
  'ssl.cipher.suites': refused(
    'Java and OpenSSL name ciphers differently: leave it out, and both sides take the best they share',
  ),
  'ssl.truststore.password': refused(`it is of a JKS or PKCS12 file; ${toPem}`),
  'ssl.keystore.password': refused(
    `it is of a JKS or PKCS12 file; ${toPem}. The password of an encrypted PEM key is ssl.key.password`,
  ),
}

export function conversion(name: string, value: string): string {
  return `${name}=${value} cannot be read here: ${toPem}. Then set ${name}=PEM and the location.`
}
