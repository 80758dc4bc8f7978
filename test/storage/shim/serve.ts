/**
 * A process of its own with a peer in it, a group of one, that writes until it is refused three times.
 * It tells the number of each write that was acknowledged, and what becomes of the peer.
 */
import { writeSync } from 'node:fs';
import { argv, stdin } from 'node:process';
import { openPeer, QuorateError } from '../../../lib/index.ts';

const [, , dataDir = ''] = argv;
/** In one go, so that no kill loses what was told. */
const tell = (line: string): unknown => writeSync(1, `${line}\n`);

const peer = await openPeer({ dataDir, snapCount: 10 });
peer.on('error', (error) => tell(`error ${QuorateError.is(error) ? error.code : String(error)}`));
await peer.ready();
let refusals = 0;
for (let number = (await peer.children('/')).length; refusals < 3; number += 1) {
  try {
    await peer.create(`/n${number}`, 'x'.repeat(1_000));
    tell(String(number));
  } catch (error) {
    refusals += 1;
    tell(`refused ${QuorateError.is(error) ? error.code : String(error)}`);
  }
}
tell(peer.status.state);
for await (const _ of stdin);
await peer.close();
tell(peer.status.state);
