/**
 * What stands in every pack: the preset dictionary that packs are deflated with. Two peers have to have the very same, so it
 * changes with the version of the wire alone. That something looks otherwise than here costs a few bytes and nothing else.
 */
const digest = 'sha256-';
const address = 'bagaaiera';
const key = { kty: 'OKP', crv: 'Ed25519', x: '' };
const signatures = [{ key: digest, signature: '' }];
const verbs = ['connect', 'sync', 'push', 'rollback', 'manage', 'revoke'];
const event = { kind: 'cd-push/identity/1' };
const module = 'm';
const environment = 'development';

/** Header, payload and signature of a JWS. */
const opened = (typ: string, payload: object): readonly string[] => [
  JSON.stringify({ alg: 'EdDSA', typ }),
  JSON.stringify(payload),
  '',
];

const shape = {
  pushGuid: '',
  pushRecepients: [
    { userId: 1, subTypeId: 1, cdObjId: { resourceName: '', resourceGuid: '' } },
    { userId: 0, subTypeId: 7, syncTarget: { module, environment } },
  ],
  triggerEvent: 'file-save',
  emittEvent: 'apply-runtime-patch',
  certificate: opened('cd-push-cert+jws', {
    v: 1,
    iss: 'http://localhost:',
    aud: 'cd-push:code',
    sub: 'user-1',
    tenant: 'default',
    session: address,
    identity: address,
    delegation: {
      establishments: [
        {
          ...event,
          op: 'inception',
          n: 0,
          previous: null,
          establishment: null,
          keys: [key],
          threshold: 1,
          next: [digest],
          nextThreshold: 1,
          signatures,
        },
      ],
      claim: {
        ...event,
        n: 1,
        previous: address,
        establishment: address,
        op: 'claim',
        verb: 'sync',
        target: address,
        key,
        scope: { verbs, grants: [{ prefix: '/', environments: ['*'] }], expiresAt: 1 },
        signatures,
      },
    },
    cnf: { jwk: key },
    verbs,
    grants: [{ prefix: '/', environments: [environment] }],
    notBefore: 1,
    notAfter: 1,
  }),
  acceptance: opened('cd-push-acceptance+jws', {
    v: 1,
    pushGuid: '',
    statement: digest,
    acceptedAt: 1,
    relay: digest,
  }),
  relayCertificate: opened('cd-push-relay+jws', {
    v: 1,
    iss: 'http://localhost:',
    aud: 'cd-push:acceptance',
    sub: 'relay',
    tenant: 'default',
    cnf: { jwk: key },
    notBefore: 1,
    notAfter: 1,
  }),
  contents: [{ encoding: 'delta', base: digest, delta: '', map: { base: digest, delta: '', bytes: 1 } }],
  skipped: [],
  statement: opened('cd-push+jws', {
    kind: 'patch',
    patches: [
      {
        resource: `/${module}/src/.ts`,
        componentType: 'module',
        version: 1,
        predecessor: digest,
        digest,
        bytes: 1,
        mapDigest: digest,
        change: 'put',
        frame: address,
      },
    ],
    v: 1,
    tenant: 'default',
    environment,
    targets: [{ select: { module, environment } }],
    pushGuid: '',
    trigger: 'file-save',
    signer: 'user-1',
    certificate: digest,
    issuedAt: 1,
    deliverBy: 1,
    silent: false,
  }),
};

export const packShape = JSON.stringify(shape);
