/** Nobody keeps the peers of a group out by knocking from one machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { it } from 'node:test';
import { WebSocket } from 'ws';
import { networkOf, Strangers } from '../../lib/transport/strangers.ts';
import { OWN_URL } from '../../lib/transport/trust.ts';
import { SECRET_PROTOCOL } from '../../lib/transport/upgrade-gate.ts';
import { dialling, SECRET, side } from './sides.ts';

const within = () => ({ signal: AbortSignal.timeout(60_000) });

it('one address has a part of the room for strangers, and whoever is known gives it back', () => {
  const strangers = new Strangers(4, 2);
  for (const name of ['a', 'b']) {
    assert.equal(strangers.objection('10.0.0.1'), undefined);
    strangers.add(name, '10.0.0.1');
  }
  assert.match(String(strangers.objection('10.0.0.1')), /from one place/);
  assert.equal(strangers.objection('10.0.0.2'), undefined, 'others are let in');
  strangers.delete('a');
  assert.equal(strangers.objection('10.0.0.1'), undefined);
});

it('of this machine all the room may be used, and no more', () => {
  const strangers = new Strangers(3, 1);
  for (const [at, address] of ['127.0.0.1', '::1', '127.0.0.1'].entries()) {
    assert.equal(strangers.objection(address), undefined);
    strangers.add(at, address);
  }
  assert.match(String(strangers.objection('127.0.0.1')), /at a time/);
  assert.match(String(strangers.objection('10.0.0.1')), /at a time/);
});

it('the addresses of one IPv6 network are one place', () => {
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'];
  assert.deepEqual([...new Set(same.map(networkOf))], ['2001:db8:1:2']);
  assert.equal(networkOf('2001:db8::2:0:0:1'), '2001:db8:0:0');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
  assert.notEqual(networkOf('10.0.0.1'), networkOf('10.0.0.2'));
});

const outside = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

it('a machine that holds many connections open does not keep a peer out', {
  skip: outside === undefined && 'this machine has no address but loopback',
}, async (t) => {
  const binding = { ...OWN_URL, host: '0.0.0.0' };
  const limits = { strangersOfOne: 2, handshakeTime: 60_000 };
  const two = side(t, { id: 2, secrets: [SECRET] }, { binding, limits });
  const url = await two.transport.listen('ws://127.0.0.1:0/peer');
  const remote = url.replace('127.0.0.1', String(outside));
  for (let held = 0; held < 2; held += 1) {
    const socket = new WebSocket(remote, [SECRET_PROTOCOL]);
    t.after(() => socket.terminate());
    socket.on('error', () => undefined);
    await once(socket, 'message', within());
  }
  const [error] = await once(new WebSocket(remote, [SECRET_PROTOCOL]), 'error', within());
  assert.match(String(error), /503/);
  assert.match((await two.witness.get('refused')).reason, /too many strangers from one place/);
  const peer = dialling(t);
  peer.transport.dial(2, url);
  await peer.witness.get('opened');
});
