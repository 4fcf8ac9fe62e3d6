import fc from 'fast-check';

/** A pod, or the template of one. */
export interface Pod {
  readonly metadata: { readonly annotations?: unknown; readonly labels?: unknown };
  readonly spec: object;
}

/** Some of the fields. */
function some(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const maybe = Object.entries(fields).map(([name, value]) => [
    name,
    fc.option(value, { freq: 2, nil: undefined }),
  ]);
  return fc.record(Object.fromEntries(maybe));
}

/** Mostly what the checks allow: of a pod that violates them all, no test could tell one from another. */
function mostly<Value>(allowed: readonly Value[], ...forbidden: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...allowed) },
    { weight: 1, arbitrary: fc.constantFrom(...forbidden) },
  );
}

const profile = mostly<object>(
  [{ type: 'RuntimeDefault' }, { type: 'Localhost', localhostProfile: 'p.json' }],
  { type: 'Unconfined' },
  {},
);

/** Fields that a pod and each of its containers have. */
const COMMON = {
  runAsUser: mostly([1000], 0),
  runAsNonRoot: mostly([true], false),
  seccompProfile: profile,
  appArmorProfile: profile,
  seLinuxOptions: some({
    type: mostly(['', 'container_t', 'container_engine_t'], 'spc_t'),
    user: mostly([''], 'root'),
    role: mostly([''], 'sysadm'),
    level: fc.constant('s0'),
  }),
  windowsOptions: some({ hostProcess: mostly([false], true), runAsUserName: fc.constant('u') }),
};

const capabilities = some({
  add: mostly([[], ['NET_BIND_SERVICE']], ['CHOWN'], ['CHOWN', 'SYS_ADMIN'], ['NET_RAW']),
  drop: mostly([['ALL'], ['ALL', 'KILL']], ['KILL'], []),
});

const handler = some({
  httpGet: some({ host: mostly([''], '10.0.0.1'), port: fc.constant(80) }),
  tcpSocket: some({ host: mostly([''], '169.254.169.254'), port: fc.constant(80) }),
  exec: mostly([{ command: ['true'] }], { command: ['nsenter', '-t', '1'] }),
});

const container = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c'),
    some({
      image: fc.constantFrom('nginx', 'registry.k8s.io/pause:3.10'),
      command: mostly([['sleep', '1']], ['chroot', '/host']),
      env: fc.constant([{ name: 'A', value: 'b' }]),
      resources: fc.constant({ limits: { cpu: '1' } }),
      ports: fc.array(some({ containerPort: fc.constantFrom(80, 443), hostPort: mostly([0], 80, 9100) }), {
        maxLength: 2,
      }),
      livenessProbe: handler,
      readinessProbe: handler,
      startupProbe: handler,
      lifecycle: some({ postStart: handler, preStop: handler }),
      securityContext: some({
        ...COMMON,
        privileged: mostly([false], true),
        allowPrivilegeEscalation: mostly([false], true),
        capabilities,
        procMount: mostly(['Default'], 'Unmasked'),
      }),
    }),
  )
  .map(([name, fields]) => ({ name, ...fields }));

const containers = fc.uniqueArray(container, { maxLength: 2, selector: ({ name }) => name });

const volume = fc
  .tuple(
    fc.constantFrom('v', 'w'),
    mostly<object>(
      [{ emptyDir: {} }, { configMap: {} }, { image: {} }],
      ...['/', '/var/log', '/var/run/docker.sock'].map((path) => ({ hostPath: { path } })),
      { nfs: {} },
      { somethingNew: {} },
    ),
  )
  .map(([name, source]) => ({ name, ...source }));

const annotations = some({
  'container.apparmor.security.beta.kubernetes.io/a': mostly(['runtime/default'], 'unconfined'),
  'seccomp.security.alpha.kubernetes.io/pod': mostly(['runtime/default'], 'unconfined'),
  'container.seccomp.security.alpha.kubernetes.io/a': mostly(['localhost/x'], 'unconfined'),
  note: fc.constant('x'),
});

const spec = some({
  // In any order, as the fields of a JSON object are.
  ephemeralContainers: containers,
  containers,
  initContainers: containers,
  volumes: fc.uniqueArray(volume, { maxLength: 2, selector: ({ name }) => name }),
  hostNetwork: mostly([false], true),
  hostPID: mostly([false], true),
  hostIPC: mostly([false], true),
  hostUsers: mostly([true], false),
  shareProcessNamespace: mostly([false], true),
  serviceAccountName: fc.constantFrom('default', 'deployer'),
  nodeName: fc.constant('n1'),
  tolerations: fc.constant([{ operator: 'Exists' }]),
  os: mostly([{ name: 'linux' }], { name: 'windows' }),
  securityContext: some({
    ...COMMON,
    sysctls: fc.array(
      some({
        name: mostly(['net.ipv4.tcp_rmem', 'net.ipv4.tcp_syncookies'], 'kernel.msgmax'),
        value: fc.constant('1'),
      }),
      { maxLength: 2 },
    ),
  }),
});

/**
 * Pods with every field that the checks of the Pod Security Standards look at, and a few that none of them does.
 */
export const pods: fc.Arbitrary<Pod> = fc.record({
  metadata: some({ labels: fc.constant({ app: 'x' }), annotations }),
  spec: fc.tuple(spec, fc.infiniteStream(fc.nat())).map(([fields, ranks]) => shuffled(fields, ranks)),
});

function shuffled(fields: object, ranks: fc.Stream<number>): object {
  const ranked = Object.entries(fields).map((entry) => ({ entry, rank: ranks.next().value as number }));
  return Object.fromEntries(ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry));
}
