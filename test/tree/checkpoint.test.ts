import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CheckpointPart } from '../../lib/tree/checkpoint-record.ts';
import { DataTree } from '../../lib/tree/data-tree.ts';
import { RestoredNode } from '../../lib/tree/node-row.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import { Restorer } from '../../lib/tree/restorer.ts';
import type { StateMachine } from '../../lib/tree/state-machine.ts';
import {
  decodeCheckpointPart,
  encodeCheckpointPart,
  restoreCheckpointPart,
} from '../../lib/wire/checkpoint.ts';
import { DecodeError } from '../../lib/wire/decode-error.ts';
import { seal, unseal } from '../../lib/wire/sealed.ts';
import {
  create,
  kept,
  outcome,
  ownerOf,
  parts,
  remove,
  restore,
  set,
  setAcl,
  text,
  World,
} from './world.ts';

function peopled(): { world: World; session: bigint } {
  const world = new World();
  const session = world.open(ownerOf(1), { address: '10.0.0.1' });
  for (let index = 0; index < 30; index += 1) {
    world.do(
      session,
      create(`/n${index}`, {
        data: `data ${index}`,
        mode: index % 3 === 0 ? 'ephemeral' : 'persistent',
      }),
    );
  }
  world.do(session, create('/n1/deep/er', { parents: true, mode: 'ttl', ttl: 77 }));
  world.do(session, create('/box', { mode: 'container' }));
  world.do(session, create('/box/x'));
  world.do(session, remove('/box/x'));
  return { world, session };
}

/** What the parts say, in an order that does not depend on rows. */
function contents(all: readonly CheckpointPart[]): unknown {
  const nodes = all.flatMap((part) =>
    part.type === 'nodes' ? part.nodes.map((node) => ({ ...node, acl: part.acls[node.acl] })) : [],
  );
  const rest = all.filter((part) => part.type !== 'nodes');
  return [rest, nodes.sort((a, b) => (a.path < b.path ? -1 : 1))];
}

test('what is saved and restored is saved again as the same parts', () => {
  const { world } = peopled();
  const saved = parts(world.state, 4);
  const copy = restore(saved);
  assert.deepEqual(parts(copy, 4), saved);
  assert.equal(copy.hash(), world.state.hash());
  assert.equal(copy.zxid, world.state.zxid);
  assert.equal(copy.time, world.state.time);
});

test('chunks lead to the state that their parts lead to, data of equal lengths and of any length', () => {
  const { world, session } = peopled();
  for (const length of [0, 1, 255, 256, 257, 258, 5_000]) {
    for (const letter of ['a', 'b']) {
      world.do(session, create(`/of-${length}-${letter}`, { data: letter.repeat(length) }));
    }
  }
  const saved = parts(world.state, 4);
  const restorer = new Restorer();
  for (const [at, part] of saved.entries()) {
    const chunk = encodeCheckpointPart(part, at);
    restoreCheckpointPart(chunk, at, restorer);
    // Nothing of a chunk is kept.
    chunk.fill(0xff);
  }
  const copy = restorer.finish();
  assert.equal(copy.hash(), world.state.hash());
  assert.deepEqual(parts(copy, 4), saved);
});

test('a node is written down where it lies in the very bytes that its record has', () => {
  const { world, session } = peopled();
  const acl = [{ scheme: 'world', id: 'anyone', permissions: 5 }];
  for (const length of [0, 1, 2, 3, 4, 5, 255, 256, 257, 9_000]) {
    world.do(session, create(`/of-${length}`, { data: new Uint8Array(length).map((_, at) => at) }));
  }
  world.do(session, set('/of-3', 'longer'));
  world.do(session, setAcl('/of-4', acl));
  const checkpoint = world.state.checkpoint();
  let nodes = 0;
  for (let part = checkpoint.next(5); part !== undefined; part = checkpoint.next(5)) {
    const lent = encodeCheckpointPart(part, 0);
    assert.deepEqual(encodeCheckpointPart(decodeCheckpointPart(lent, 0), 0), lent);
    if (part.type === 'nodes') nodes += part.nodes.length;
  }
  assert.equal(nodes, world.state.nodeCount);
});

test('a chunk that was damaged or is of another place does not restore', () => {
  const [header] = parts(peopled().world.state, 4);
  assert.ok(header !== undefined);
  const chunk = encodeCheckpointPart(header, 0);
  assert.throws(() => restoreCheckpointPart(chunk, 1, new Restorer()), /another place/);
  chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 1;
  assert.throws(() => restoreCheckpointPart(chunk, 0, new Restorer()), /checksum/);
});

test('a chunk that says something else, under a checksum that fits, is refused: there is no other state', () => {
  const { world } = peopled();
  const chunks = parts(world.state, 12).map(encodeCheckpointPart);
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const change = fc.tuple(fc.nat(chunks.length - 1), place, fc.integer({ min: 1, max: 255 }));
  let refused = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const changed = chunks.map((chunk) => unseal(chunk, chunk.length, 'chunk').slice());
      for (const [which, at, flip] of changes) {
        const bytes = changed[which] ?? assert.fail();
        const index = Math.floor(at * bytes.length);
        bytes[index] = (bytes[index] ?? 0) ^ flip;
      }
      const restorer = new Restorer();
      try {
        for (const [at, bytes] of changed.entries()) {
          restoreCheckpointPart(seal(bytes), at, restorer);
        }
        assert.equal(restorer.finish().hash(), world.state.hash());
      } catch (error) {
        assert.match(String(error), /^(DecodeError|InvariantError)/);
        refused += 1;
      }
    }),
  );
  assert.ok(refused > 50, `refused ${refused} times`);
});

test('a count of children ever created that no row holds is refused, not cut to one that it does', () => {
  const { world } = peopled();
  const [header = assert.fail(), nodes = assert.fail()] = parts(world.state, 12);
  assert.ok(nodes.type === 'nodes');
  const [first = assert.fail()] = nodes.nodes;
  const part = { ...nodes, nodes: [{ ...first, creates: 2 ** 32 }] };
  const restorer = new Restorer();
  restoreCheckpointPart(encodeCheckpointPart(header, 0), 0, restorer);
  assert.throws(
    () => restoreCheckpointPart(encodeCheckpointPart(part, 1), 1, restorer),
    (error: unknown) => error instanceof DecodeError && /above 4294967295/.test(error.message),
  );
});

test('what restores a chunk of nodes refuses and takes what its decoder does', () => {
  const { world } = peopled();
  const chunks = parts(world.state, 12).map(encodeCheckpointPart);
  const [header = assert.fail(), nodes = assert.fail()] = chunks;
  const plain = unseal(nodes, nodes.length, 'chunk');
  const said = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof DecodeError)) return 'no tree';
      return error.message.replace(/, before byte.*/, '');
    }
    return 'taken';
  };
  const verdicts = new Map<string, number>();
  const judge = (bytes: Uint8Array): void => {
    const sealed = seal(bytes);
    const restorer = new Restorer();
    restoreCheckpointPart(header, 0, restorer);
    const verdict = said(() => decodeCheckpointPart(sealed, 1));
    const restored = said(() => restoreCheckpointPart(sealed, 1, restorer));
    // A node that is no node of a tree is found out at once, before what follows it is read.
    if (restored !== 'no tree') assert.equal(restored, verdict);
    verdicts.set(restored, (verdicts.get(restored) ?? 0) + 1);
  };
  for (let at = 0; at < plain.length; at += 1) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const changed = plain.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      judge(changed);
    }
    judge(plain.slice(0, at));
  }
  judge(Uint8Array.of(...plain, 0));
  const kinds = ['taken', 'cut short', 'an unknown word', 'not UTF-8', 'bytes after the end'];
  for (const kind of kinds) {
    assert.ok(
      [...verdicts.keys()].some((verdict) => verdict.includes(kind)),
      kind,
    );
  }
});

test('no node is taken whose path has no place below the root', () => {
  const { world } = peopled();
  const part = parts(world.state, 100).find(({ type }) => type === 'nodes');
  assert(part?.type === 'nodes');
  const [node] = part.nodes;
  assert(node !== undefined);
  for (const path of ['', 'a', '//a', '/a/', '//', '/a//b', 'a/b']) {
    // Before and after their parents, if they had any.
    const nodes = ['/', '/a'].map((above) => ({ ...node, path: above }));
    for (const all of [
      [...nodes, { ...node, path }],
      [{ ...node, path }, ...nodes],
    ]) {
      const tree = new DataTree();
      const build = (): void => {
        for (const one of all) {
          const restored = new RestoredNode().take(one.path, one.data, one);
          tree.restore(restored, part.acls[one.acl] ?? assert.fail());
        }
        tree.restored();
      };
      assert.throws(build, { name: 'InvariantError' }, JSON.stringify(path));
    }
  }
});

test('a restored state answers, expires, reaps and numbers as the saved one', () => {
  const { world, session } = peopled();
  const copy = restore(parts(world.state));
  const [one, other] = [new World({}, copy), world].map((each) => {
    each.adopt(world);
    each.now = 100_000;
    const made = each.do(session, create('/n1/s-', { mode: 'ephemeral-sequential' }));
    const reapable = each.state.reapable(each.state.time + 1000, 10);
    const closed = each.close(session);
    return { made, reapable, closed, nodes: each.state.nodeCount, hash: each.state.hash() };
  });
  assert.deepEqual(one, other);
  assert.equal(one?.reapable.length, 2);
});

test('a checkpoint is exact at its zxid, whatever is done while it is taken', () => {
  const action = fc.tuple(fc.nat(5), fc.nat(34));
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (actions, limit) => {
        const { world, session } = peopled();
        // Rows that were given up and used again are the hard case.
        for (const index of [4, 5, 7]) world.do(session, remove(`/n${index}`));
        const expected = contents(parts(world.state));
        const hash = world.state.hash();
        const checkpoint = world.state.checkpoint();
        const taken: CheckpointPart[] = [];
        const pending = [...actions];
        for (let part = checkpoint.next(limit); part !== undefined; part = checkpoint.next(limit)) {
          taken.push(kept(part));
          for (const [kind, index] of pending.splice(0, 4)) mutate(world, session, kind, index);
        }
        assert.deepEqual(merged(contents(taken)), merged(expected));
        assert.equal(restore(taken).hash(), hash);
      },
    ),
    { numRuns: 150 },
  );
});

/** Parts of sessions and owners may be cut elsewhere. */
function merged(content: unknown): unknown {
  const [rest, nodes] = content as [CheckpointPart[], unknown];
  const sessions = rest.flatMap((part) => (part.type === 'sessions' ? part.sessions : []));
  const owners = rest.flatMap((part) => (part.type === 'owners' ? part.owners : []));
  return { header: rest[0], sessions, owners, nodes };
}

function mutate(world: World, session: bigint, kind: number, index: number): void {
  const path = `/n${index}`;
  switch (kind) {
    case 0:
      world.do(session, create(path, { data: `again ${index}` }));
      return;
    case 1:
      world.do(session, remove(path));
      return;
    case 2:
      world.do(session, set(path, 'changed'.repeat(index)));
      return;
    case 3:
      world.do(
        session,
        setAcl(path, [{ scheme: 'world', id: 'anyone', permissions: 1 + (index % 31) }]),
      );
      return;
    case 4:
      world.do(session, create(`${path}/child-`, { mode: 'persistent-sequential' }));
      return;
    default:
      world.close(world.open(ownerOf(2 + index)), ownerOf(2 + index));
  }
}

test('a part fits a frame of the wire however large its nodes and answers are', () => {
  const world = new World();
  const owner = ownerOf(1);
  const data = new Uint8Array(2 ** 20);
  const name = 'n'.repeat(2000);
  for (let at = 0; at < 3; at += 1) {
    const session = world.open(owner);
    for (let node = 0; node < 8; node += 1)
      world.do(session, create(`/${at}-${node}-${name}`, { data }));
    const operations = Array.from({ length: 200 }, (_, node) => create(`/${at}/${node}-${name}`));
    world.do(session, create(`/${at}`));
    world.do(session, { type: 'multi', operations });
  }
  const taken = parts(world.state, 1000);
  for (const [sequence, part] of taken.entries()) {
    const chunk = encodeCheckpointPart(part, sequence);
    assert.ok(chunk.length <= 2 * 2 ** 20, `a part of ${chunk.length} bytes`);
  }
  assert.ok(taken.filter(({ type }) => type === 'nodes').length > 20);
  assert.ok(taken.filter(({ type }) => type === 'sessions').length > 1);
  assert.equal(restore(taken).hash(), world.state.hash());
});

test('a new checkpoint ends the one before, and an abandoned one saves no more', () => {
  const { world, session } = peopled();
  const first = world.state.checkpoint();
  first.next(1);
  first.abandon();
  assert.equal(first.next(1), undefined);
  world.do(session, set('/n1', 'later'));
  assert.equal(restore(parts(world.state)).hash(), world.state.hash());
});

function found(state: StateMachine, path: string): string {
  const node = state.get(path, TRUSTED);
  return node.type === 'get' ? text(node.data) : node.code;
}

test('children may come before their parents', () => {
  const { world, session } = peopled();
  // Rows that were given up go to the children.
  world.do(session, create('/late'));
  for (const path of ['/n4', '/n5', '/n2']) world.do(session, remove(path));
  for (const name of ['early', 'earlier', 'earliest'])
    world.do(session, create(`/late/${name}`, { data: 'x' }));
  const saved = parts(world.state, 1);
  const order = saved.flatMap((part) =>
    part.type === 'nodes' ? part.nodes.map(({ path }) => path) : [],
  );
  assert(order.indexOf('/late/early') < order.indexOf('/late'));
  const copy = restore(saved);
  assert.equal(found(copy, '/late/early'), 'x');
  assert.equal(copy.hash(), world.state.hash());
  const after = new World({}, copy);
  const late = after.do(after.open(ownerOf(9)), remove('/late'), ownerOf(9));
  assert.equal(outcome(late), 'NOT_EMPTY');
});

test('what cannot be a whole state is refused', () => {
  const { world } = peopled();
  const saved = parts(world.state, 100);
  const [header, nodes, ...rest] = saved;
  assert(header?.type === 'header' && nodes?.type === 'nodes');
  const refused: readonly (readonly [string, readonly CheckpointPart[]])[] = [
    ['no header', [nodes, ...rest]],
    ['two headers', [header, header, nodes, ...rest]],
    ['a node missing', [header, { ...nodes, nodes: nodes.nodes.slice(0, -1) }, ...rest]],
    ['a node twice', [header, nodes, nodes, ...rest]],
    ['no sessions', [header, nodes]],
    ['an ACL missing', [header, { ...nodes, acls: [] }, ...rest]],
    [
      'another version of a node',
      [header, { ...nodes, nodes: nodes.nodes.map((node) => ({ ...node, version: 9 })) }, ...rest],
    ],
    [
      'a parent missing',
      [
        { ...header, nodes: header.nodes - 1 },
        { ...nodes, nodes: nodes.nodes.filter(({ path }) => path !== '/n1/deep') },
        ...rest,
      ],
    ],
    ['no answers', [header, nodes, ...rest.filter((part) => part.type !== 'owners')]],
  ];
  for (const [name, all] of refused) {
    assert.throws(
      () => {
        const restorer = new Restorer();
        for (const part of all) restorer.add(part);
        restorer.finish();
      },
      { name: 'InvariantError' },
      name,
    );
  }
});
