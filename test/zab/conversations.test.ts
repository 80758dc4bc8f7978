import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, datadriven } from '../datadriven.ts';
import { mark, World } from './world.ts';

const ids = (words: readonly string[]): number[] => words.map(Number);

/** The verbs of a conversation. Each answers with what was seen while it ran. */
function interpreter(): (command: Command) => string {
  const lines: string[] = [];
  const shown = new Set(['role']);
  const world = new World((line) => lines.push(line), shown);
  const verbs: Record<string, (args: readonly string[]) => void> = {
    voters: (args) => {
      for (const id of ids(args)) world.add(id, ids(args), {});
    },
    // Voters whose operator gives his word that the group has never been.
    'flagged-voters': (args) => {
      for (const id of ids(args)) world.add(id, ids(args), { bootstrap: true });
    },
    observer: ([id, , ...voters]) => world.add(Number(id), ids(voters), {}),
    show: (args) => {
      for (const word of args) shown.add(word);
    },
    hide: (args) => {
      for (const word of args) shown.delete(word);
    },
    start: (args) => {
      for (const id of ids(args)) world.start(id);
      world.settle();
    },
    crash: (args) => {
      for (const id of ids(args)) world.crash(id);
      world.settle();
    },
    wipe: (args) => {
      for (const id of ids(args)) world.wipe(id);
    },
    run: ([milliseconds]) => world.run(Number(milliseconds)),
    settle: () => world.settle(),
    cut: ([a, b]) => {
      world.cut(Number(a), Number(b));
      world.settle();
    },
    mend: ([a, b]) => {
      world.mend(Number(a), Number(b));
      world.settle();
    },
    isolate: ([id]) => {
      for (const other of world.peers.keys())
        if (other !== Number(id)) world.cut(Number(id), other);
      world.settle();
    },
    rejoin: ([id]) => {
      for (const other of world.peers.keys()) world.mend(Number(id), other);
      world.settle();
    },
    'hold-disk': ([id]) => {
      world.peer(Number(id)).held = true;
    },
    'free-disk': ([id]) => {
      world.peer(Number(id)).held = false;
      world.settle();
    },
    propose: ([id, ...payload]) => {
      world.zab(Number(id)).propose('transaction', new TextEncoder().encode(payload.join(' ')));
      world.settle();
    },
    'propose-many': ([id, count]) => {
      for (let at = 1; at <= Number(count); at += 1) {
        world.zab(Number(id)).propose('transaction', new TextEncoder().encode(`x${at}`));
      }
      world.settle();
    },
    // Proposes and crashes before anything leaves the peer: on its own disk, and nowhere else.
    'propose-and-die': ([id, ...payload]) => {
      world.dieProposing(Number(id), payload.join(' '));
      world.settle();
    },
    // The next COMMITs to these peers never arrive: their links break first.
    'lose-commits': (args) => world.loseCommits(ids(args)),
    trim: ([id]) => world.zab(Number(id)).trim(world.zab(Number(id)).applied),
    'hand-over': ([id]) => {
      world.zab(Number(id)).handOver();
      world.settle();
    },
    status: () => {
      for (const { id, zab } of world.peers.values()) {
        if (zab === undefined) {
          lines.push(`${id}: down`);
          continue;
        }
        const leader = zab.leader === undefined ? '' : `, leader ${zab.leader}`;
        const marks = `last ${mark(zab.lastZxid)} committed ${mark(zab.committed)} applied ${mark(zab.applied)}`;
        const serves = zab.serving ? ', serves' : '';
        lines.push(`${id}: ${zab.role}${leader}, epoch ${zab.epoch}, ${marks}${serves}`);
      }
    },
    log: (args) => {
      for (const id of ids(args)) {
        const entries = world.peer(id).disk.entries.map(({ zxid }) => mark(zxid));
        lines.push(`${id}: ${entries.join(' ')}`);
      }
    },
    applied: (args) => {
      for (const id of ids(args)) lines.push(`${id}: ${world.peer(id).applied.join(', ')}`);
    },
  };
  return ({ name, args }) => {
    const verb = verbs[name];
    assert(verb !== undefined, `no such verb: ${name}`);
    lines.length = 0;
    verb(args);
    return lines.join('\n');
  };
}

datadriven(join(dirname(fileURLToPath(import.meta.url)), 'testdata'), interpreter);
