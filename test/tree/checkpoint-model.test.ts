/**
 * A checkpoint and what is restored from it, against the plainest model there is: the log, applied from the
 * beginning by a state that was never saved.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Zxid } from '../../lib/base/zxid.ts';
import { Prng } from '../../lib/testing/prng.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import type { CreateMode } from '../../lib/tree/request.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import { type Checkpoint, StateMachine } from '../../lib/tree/state-machine.ts';
import {
  decodeCheckpointPart,
  encodeCheckpointPart,
  restoreCheckpointPart,
} from '../../lib/wire/checkpoint.ts';
import { create, OPEN, remove, set, setAcl, World } from './world.ts';

const MODES: readonly CreateMode[] = [
  'persistent',
  'persistent',
  'ephemeral',
  'container',
  'ttl',
  'persistent-sequential',
];
const LENGTHS = [0, 0, 1, 3, 4, 40, 41, 255, 256, 257, 511, 513, 2_000, 8_191, 8_193];
const ACLS = [1, 3, 7, 15, 31].map((permissions) => [
  { scheme: 'world', id: 'anyone', permissions },
  { scheme: 'digest', id: `somebody-${permissions}`, permissions: 31 },
]);

/** Everything that anybody could read. */
function dump(state: StateMachine): unknown {
  const whole = state.subtree('/', TRUSTED);
  assert.equal(whole.type, 'subtree');
  return whole.nodes.map(({ path, data, stat }) => {
    const text = state.getText(path, TRUSTED);
    const acl = state.getAcl(path, TRUSTED);
    const children = state.children(path, TRUSTED);
    assert(text.type === 'get-text' && acl.type === 'get-acl' && children.type === 'children');
    assert.equal(text.text, new TextDecoder().decode(data), `the text of ${path} is its data`);
    return [path, text.text, stat, acl.acl, children.children];
  });
}

/** A group's life: one random change after the other. */
class Life {
  readonly world = new World();
  readonly #prng: Prng;
  readonly #names: readonly string[];
  #sessions: bigint[] = [];

  constructor(prng: Prng, names: number) {
    this.#prng = prng;
    this.#names = Array.from({ length: names }, (_, at) => (at % 7 === 0 ? `/é${at}` : `/n${at}`));
    this.#sessions.push(this.world.open());
  }

  #path(): string {
    const prng = this.#prng;
    const top = prng.pick(this.#names);
    return prng.chance(0.6) ? top : `${top}/b${prng.below(4)}`;
  }

  #data(): string {
    const length = this.#prng.pick(LENGTHS);
    return String.fromCharCode(97 + this.#prng.below(26)).repeat(length);
  }

  change(): void {
    const { world } = this;
    const prng = this.#prng;
    const session = prng.pick(this.#sessions);
    const path = this.#path();
    switch (prng.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const mode = prng.pick(MODES);
        const ttl = mode === 'ttl' ? 1 + prng.below(1000) : 0;
        const acl = prng.chance(0.2) ? prng.pick(ACLS) : OPEN;
        world.do(session, create(path, { data: this.#data(), mode, ttl, acl, parents: true }));
        return;
      }
      case 4:
      case 5:
      case 6:
        world.do(session, set(path, this.#data()));
        return;
      case 7:
        world.do(session, setAcl(path, prng.chance(0.3) ? OPEN : prng.pick(ACLS)));
        return;
      case 8:
        world.do(session, remove(path, { recursive: prng.chance(0.5) }));
        return;
      case 9: {
        // The same name again, in one transaction.
        const operations = [
          remove(path, { recursive: true }),
          create(path, { data: this.#data() }),
        ];
        world.do(session, { type: 'multi', operations });
        return;
      }
      case 10:
        if (prng.chance(0.5)) this.#sessions.push(world.open());
        return;
      default:
        if (this.#sessions.length < 2 || prng.chance(0.7)) return;
        world.close(session);
        this.#sessions = this.#sessions.filter((one) => one !== session);
    }
  }

  /** A read that is remembered. */
  look(): void {
    this.world.state.getText(this.#path(), TRUSTED);
  }
}

/** Applies what of the log is above and through. */
function replay(state: StateMachine, { log }: World, through?: Zxid): StateMachine {
  for (const { zxid, txn } of log) {
    if (zxid > state.zxid && (through === undefined || zxid <= through)) state.apply(zxid, txn);
  }
  return state;
}

function restored(chunks: readonly Uint8Array[]): StateMachine {
  const restorer = new Restorer();
  for (const [at, chunk] of chunks.entries()) {
    const lent = chunk.slice();
    restoreCheckpointPart(lent, at, restorer);
    lent.fill(0xee);
  }
  return restorer.finish();
}

/** What a checkpoint has given, and all that follows from it. */
function check(chunks: readonly Uint8Array[], world: World, zxid: Zxid): void {
  const model = replay(new StateMachine(), world, zxid);
  const copy = restored(chunks);
  assert.equal(copy.zxid, zxid);
  assert.deepEqual(dump(copy), dump(model));
  assert.equal(copy.hash(), model.hash());
  const another = new Restorer();
  for (const [at, chunk] of chunks.entries()) another.add(decodeCheckpointPart(chunk, at));
  assert.equal(another.finish().hash(), model.hash());
  replay(copy, world);
  assert.deepEqual(dump(copy), dump(world.state), 'what comes after it does the same');
  assert.equal(copy.hash(), world.state.hash());
}

function live(seed: number, names: number, changes: number): void {
  const prng = new Prng(seed);
  const life = new Life(prng, names);
  const { world } = life;
  let making: { checkpoint: Checkpoint; zxid: Zxid; chunks: Uint8Array[] } | undefined;
  let complete: { zxid: Zxid; chunks: Uint8Array[] } | undefined;
  for (let step = 0; step < changes; step += 1) {
    life.change();
    if (prng.chance(0.3)) life.look();
    if (making === undefined && prng.chance(0.05)) {
      making = { checkpoint: world.state.checkpoint(), zxid: world.state.zxid, chunks: [] };
    }
    while (making !== undefined && prng.chance(0.3)) {
      const part = making.checkpoint.next(prng.integer(1, 12));
      if (part !== undefined) {
        making.chunks.push(encodeCheckpointPart(part, making.chunks.length));
        continue;
      }
      complete = making;
      making = undefined;
    }
    if (making !== undefined && prng.chance(0.01)) {
      // Given up; or another one takes its place without that.
      if (prng.chance(0.5)) making.checkpoint.abandon();
      making = undefined;
    }
  }
  if (complete !== undefined) check(complete.chunks, world, complete.zxid);
  assert.equal(replay(new StateMachine(), world).hash(), world.state.hash());
}

/** Lives that are tried. */
const RUNS = 40;

test('a checkpoint is the log up to its zxid, and goes on as that does', () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    try {
      live(seed, 5 + (seed % 40), 400);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

test('a node that is saved from a change shares no memory with what anybody has read', () => {
  const world = new World();
  const session = world.open();
  for (const name of ['a', 'b', 'c']) world.do(session, create(`/${name}`, { data: name }));
  const model = world.state.hash();
  const checkpoint = world.state.checkpoint();
  const chunks: Uint8Array[] = [];
  for (const name of ['a', 'b', 'c']) {
    const read = world.state.get(`/${name}`, TRUSTED);
    world.do(session, set(`/${name}`, 'later'));
    assert(read.type === 'get');
    new Uint8Array(read.data.buffer).fill(0xee);
  }
  for (let part = checkpoint.next(9); part !== undefined; part = checkpoint.next(9)) {
    chunks.push(encodeCheckpointPart(part, chunks.length));
  }
  assert.equal(restored(chunks).hash(), model);
});
