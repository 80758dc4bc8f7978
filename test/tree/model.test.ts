/** Random histories, proposed in pipelines and applied in lumps, against the naive model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TRUSTED } from '../../lib/tree/reader.ts';
import type { CreateMode, NodeOperation, OperationResult } from '../../lib/tree/request.ts';
import { Model, type ModelResult } from './model.ts';
import {
  check,
  create,
  ownerOf,
  parts,
  remove,
  restore,
  START,
  set,
  text,
  World,
} from './world.ts';

type Step =
  | { readonly type: 'operation'; readonly session: number; readonly operation: NodeOperation }
  | {
      readonly type: 'multi';
      readonly session: number;
      readonly operations: readonly NodeOperation[];
    }
  | { readonly type: 'open' | 'reap' | 'restart' }
  | { readonly type: 'close' | 'expire'; readonly session: number }
  | { readonly type: 'settle'; readonly count: number }
  | { readonly type: 'time'; readonly ms: number };

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2);
const data = fc.string({ maxLength: 20, unit: fc.constantFrom('x', 'y') });
const mode: fc.Arbitrary<CreateMode> = fc.constantFrom(
  'persistent',
  'persistent',
  'persistent-sequential',
  'ephemeral',
  'ephemeral-sequential',
  'container',
  'ttl',
  'ttl-sequential',
);

/** Stands for the czxid that a check asks for, until it is asked: see {@link meant}. */
const which = fc.constantFrom(1n, 2n, 3n);

const operation: fc.Arbitrary<NodeOperation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ path, data, mode, parents: fc.boolean() })
      .map(({ path, ...options }) =>
        create(path, { ...options, ttl: options.mode.startsWith('ttl') ? 50 : 0 }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ path, version, recursive: fc.boolean() })
      .map(({ path, ...options }) => remove(path, options)),
  },
  { weight: 2, arbitrary: fc.tuple(path, data, version).map((args) => set(...args)) },
  { weight: 1, arbitrary: fc.tuple(path, version).map((args) => check(...args)) },
  { weight: 2, arbitrary: fc.tuple(path, version, which).map((args) => check(...args)) },
);

const session = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant('operation' as const), session, operation }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('multi' as const),
      session,
      operations: fc.array(operation, { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('open' as const, 'reap' as const, 'restart' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('close' as const, 'expire' as const), session }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('settle' as const), count: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('time' as const), ms: fc.nat(60) }) },
);

/** The check of the node that is there when it is asked, of one that the same transaction makes, or of one long gone. */
function meant(operation: NodeOperation, model: Model, zxid: bigint): NodeOperation {
  if (operation.type !== 'check' || operation.czxid === undefined) return operation;
  const { path, version, czxid } = operation;
  const present = czxid === 1n ? model.nodes.get(path)?.czxid : undefined;
  return check(path, version, czxid === 2n ? zxid : (present ?? czxid));
}

/** The real tree and the model side by side. */
class Pair {
  world = new World();
  readonly model = new Model();
  readonly sessions: bigint[] = [];
  /** What the model says of each proposal that is not applied yet. */
  readonly #expected: (readonly ModelResult[] | undefined)[] = [];

  run(step: Step): void {
    const time = START + this.world.now;
    switch (step.type) {
      case 'operation':
        return this.#ask(step.session, [step.operation], false, time);
      case 'multi':
        return this.#ask(step.session, step.operations, true, time);
      case 'open':
        this.settle();
        this.sessions.push(this.world.open());
        this.model.sessions.add(this.sessions.at(-1) ?? 0n);
        return;
      case 'close':
      case 'expire':
        return this.#end(this.sessions[step.session], step.type);
      case 'reap':
        return this.#reap(time);
      case 'restart':
        this.settle();
        this.world = continued(this.world);
        return;
      case 'settle':
        return this.settle(step.count);
      case 'time':
        this.world.now += step.ms;
    }
  }

  #ask(index: number, drawn: readonly NodeOperation[], multi: boolean, time: number): void {
    const session = this.sessions[index];
    if (session === undefined || !this.model.sessions.has(session)) return;
    const zxid = this.world.nextZxid;
    const operations = drawn.map((operation) => meant(operation, this.model, zxid));
    const expected = this.model.all(operations, session, zxid, time);
    const [only] = operations;
    const asked = multi || only === undefined ? { type: 'multi' as const, operations } : only;
    const cxid = this.world.number(session, ownerOf(1));
    const verdict = this.world.propose({
      session,
      cxid,
      resolved: cxid - 1,
      owner: ownerOf(1),
      operation: asked,
    });
    assert.equal(verdict.type, 'txn');
    this.#expected.push(expected);
  }

  #end(session: bigint | undefined, how: 'close' | 'expire'): void {
    if (session === undefined || !this.model.sessions.has(session)) return;
    this.model.close(session, this.world.nextZxid);
    this.#expected.push(undefined);
    if (how === 'expire') {
      assert(this.world.own((zxid, time) => this.world.prep.expire(session, zxid, time)));
    } else {
      const cxid = this.world.number(session, ownerOf(1));
      const asked = { type: 'close-session', session, reason: 'closed' } as const;
      this.world.propose({
        session,
        cxid,
        resolved: cxid - 1,
        owner: ownerOf(1),
        operation: asked,
      });
    }
    assert(this.world.prep.closing(session));
  }

  #reap(time: number): void {
    this.settle();
    const found = this.world.state.reapable(time, 100);
    assert.deepEqual(found.map(({ path }) => path).sort(), this.model.reap(time).sort());
    for (const node of found) {
      this.model.remove(node.path, this.world.nextZxid);
      this.#expected.push(undefined);
      assert(this.world.own((zxid, now) => this.world.prep.reap(node, zxid, now)));
    }
    this.settle();
  }

  settle(count?: number): void {
    for (const { result, alarm } of this.world.settle(count)) {
      assert.equal(alarm, undefined);
      const expected = this.#expected.shift();
      if (expected !== undefined) assert.deepEqual(plain(result), expected);
    }
    this.#readAsText();
  }

  /** Again and again while the nodes change: what is remembered of one state must not show in the next. */
  #readAsText(): void {
    const { state } = this.world;
    for (const path of this.model.nodes.keys()) {
      const found = state.get(path, TRUSTED);
      const read = state.getText(path, TRUSTED);
      if (found.type === 'error') assert.deepEqual(read, found);
      else if (read.type === 'error') assert.fail(read.code);
      else assert.deepEqual([read.text, read.stat], [text(found.data), found.stat]);
    }
  }

  compare(): void {
    const { state } = this.world;
    assert.equal(state.nodeCount, this.model.nodes.size);
    for (const [path, node] of this.model.nodes) {
      const found = state.get(path, TRUSTED);
      assert(found.type === 'get', path);
      assert.equal(text(found.data), node.data);
      assert.deepEqual(found.stat, this.model.stat(path));
      const listed = state.children(path, TRUSTED);
      assert.deepEqual(listed.type === 'children' && listed.children, this.model.children(path));
    }
    for (const session of this.model.sessions) {
      const owned = [...this.model.nodes]
        .filter(([, { owner }]) => owner === session)
        .map(([path]) => path);
      assert.deepEqual(state.ephemerals(session), owned.sort());
    }
  }
}

/** The same world after a restart from its checkpoint. */
function continued(before: World): World {
  const saved = parts(before.state);
  const state = restore(saved);
  assert.deepEqual(parts(state), saved);
  const world = new World({}, state);
  world.now = before.now;
  world.adopt(before);
  return world;
}

/** Results as the model gives them. */
function plain(result: OperationResult): ModelResult[] {
  switch (result.type) {
    case 'error':
      return [{ error: result.code }];
    case 'multi':
      return result.results.flatMap(plain);
    case 'create':
      return [{ path: result.path, stat: result.stat }];
    case 'set':
      return [{ stat: result.stat }];
    default:
      return [{}];
  }
}

test('any history gives what the naive model gives', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const pair = new Pair();
      for (const first of [0, 1]) pair.run({ type: 'open', session: first } as Step);
      for (const next of steps) pair.run(next);
      pair.settle();
      pair.compare();
    }),
    { numRuns: 400 },
  );
});

test('states that are equal by different histories have equal hashes, others have not', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const pair = new Pair();
      pair.run({ type: 'open' });
      for (const next of steps) pair.run(next);
      pair.settle();
      const { state } = pair.world;
      const copy = restore(parts(state, 7));
      assert.equal(copy.hash(), state.hash());
      pair.run({ type: 'open' });
      const session = pair.sessions.at(-1) ?? 0n;
      pair.world.do(session, create('/unlike'));
      assert.notEqual(copy.hash(), pair.world.state.hash());
    }),
    { numRuns: 100 },
  );
});
