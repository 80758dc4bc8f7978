/** ZooKeeper's super user. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { openPeer, type Peer } from '../../lib/index.ts';
import { failsWith } from './solo.ts';

const digestOf = (credentials: string): string =>
  `${credentials.split(':')[0]}:${createHash('sha1').update(credentials).digest('base64')}`;

async function withSuper(t: TestContext): Promise<Peer> {
  const peer = await openPeer({ superDigest: digestOf('super:secret') });
  t.after(() => peer.close());
  return peer;
}

test('whoever has the credentials of superDigest may do everything', async (t) => {
  const peer = await withSuper(t);
  await peer.create('/closed', 'x', { acl: [`digest:${digestOf('ann:hers')}:r`] });
  await assert.rejects(peer.get('/closed'), failsWith('NO_AUTH'));
  await peer.addAuth('digest', 'super:wrong');
  await assert.rejects(peer.get('/closed'), failsWith('NO_AUTH'));
  await peer.addAuth('digest', 'super:secret');
  assert.equal((await peer.get('/closed')).data, 'x');
  await peer.setAcl('/closed', ['world:anyone:cdrwa']);
  await peer.delete('/closed');
});

test('what the super user is given by auth belongs to its digest, not to every super user', async (t) => {
  const peer = await withSuper(t);
  await peer.addAuth('digest', 'super:secret');
  await peer.create('/own', '', { acl: ['auth::cdrwa'] });
  const { acl } = await peer.getAcl('/own');
  assert.deepEqual(acl, [`digest:${digestOf('super:secret')}:cdrwa`]);
});

test('without the option nobody is the super user, and a malformed one is refused without being told', async (t) => {
  const peer = await openPeer();
  t.after(() => peer.close());
  await peer.create('/closed', 'x', { acl: [`digest:${digestOf('ann:hers')}:r`] });
  await peer.addAuth('digest', 'super:secret');
  await assert.rejects(peer.get('/closed'), failsWith('NO_AUTH'));
  for (const superDigest of ['ann:secret', 'ann', `${digestOf('super:a')}=`]) {
    await assert.rejects(openPeer({ superDigest }), (error) => {
      return error instanceof TypeError && !error.message.includes(superDigest);
    });
  }
});
