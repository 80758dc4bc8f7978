import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QuorateError } from '../../lib/base/errors.ts';
import { formatAcl, OPEN_ACL, parseAcl } from '../../lib/client/acl-text.ts';
import { identityFor } from '../../lib/client/auth.ts';

test('an ACL reads and prints as zkCli shows it', () => {
  const lines = [
    'world:anyone:cdrwa',
    'digest:ann:kJbq+8/=:r',
    'ip:fe80::1:rw',
    'auth::a',
    'world:anyone:',
  ];
  assert.deepEqual(formatAcl(parseAcl(lines, '/a')), lines);
  assert.deepEqual(parseAcl(['world:anyone:awrdc'], '/a'), OPEN_ACL);
});

for (const line of [
  '',
  'world',
  'world:anyone',
  ':anyone:r',
  'world:anyone:rx',
  'world:anyone:R',
]) {
  test(`'${line}' is no line of an ACL`, () => {
    assert.throws(
      () => parseAcl([line], '/secret'),
      (error) => QuorateError.is(error, 'INVALID_ACL') && error.path === '/secret',
    );
  });
}

test("a digest identity is ZooKeeper's, and keeps the password to itself", () => {
  // echo -n super:admin | openssl dgst -binary -sha1 | openssl base64
  assert.deepEqual(identityFor('digest', 'super:admin'), {
    scheme: 'digest',
    id: 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=',
  });
});

for (const [scheme, credentials] of [
  ['digest', 'nobody'],
  ['digest', ':password'],
  ['kerberos', 'a:b'],
] as const) {
  test(`${scheme} credentials '${credentials}' are refused`, () => {
    assert.throws(
      () => identityFor(scheme, credentials),
      (error) => QuorateError.is(error, 'AUTH_FAILED'),
    );
  });
}
