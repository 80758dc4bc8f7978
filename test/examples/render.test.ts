import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { render } from '../../examples/live/render.ts';
import type { Look, Scene, SeenMember } from '../../examples/live/scene.ts';

const LOOK: Look = {
  state: 'following',
  isServing: true,
  reason: undefined,
  leader: 2,
  epoch: 3,
  zxid: 0x300000007n,
  tree: [
    { path: '/config', data: '', isEphemeral: false, children: 1 },
    { path: '/config/db', data: 'postgres://db1', isEphemeral: false, children: 0 },
    { path: '/members', data: '', isEphemeral: false, children: 2 },
    { path: '/members/1', data: 'process 4711', isEphemeral: true, children: 0 },
  ],
};

function member(id: number, changed: Partial<SeenMember> = {}): SeenMember {
  return { id, pid: 4710 + id, condition: 'running', since: 0, look: LOOK, ...changed };
}

const LEADER = member(2, { look: { ...LOOK, state: 'leading' } });
const SCENE: Scene = {
  now: 5_400,
  chosen: 1,
  members: [member(1), LEADER, member(3)],
  takeovers: [],
};
const WIDE = { columns: 120, rows: 40 };

/** A line, found by what it begins with. */
function lineOf(lines: readonly string[], start: RegExp): string {
  const line = lines.find((one) => start.test(one));
  assert.ok(line !== undefined, `no line ${start} in\n${lines.join('\n')}`);
  return line.trimEnd();
}

describe('the live view', () => {
  test('shows every peer, the tree and the keys', () => {
    assert.deepEqual(
      render(SCENE, WIDE).map((line) => line.trimEnd()),
      [
        '',
        '  peer  process  state        leader  zxid',
        '> 1     4711     following    2       0x300000007',
        '  2     4712     leading      2       0x300000007',
        '  3     4713     following    2       0x300000007',
        '',
        'the tree, as peer 1 has it',
        '  /config               1 child',
        "    /db                 'postgres://db1'",
        '  /members              2 children',
        "    /1                  'process 4711', ephemeral",
        '',
        'no leader has gone yet: choose it and press k',
        '',
        '1 2 3 choose   k kill   f freeze, wake   r start, restart   q quit',
      ],
    );
  });

  test("says of a process that is gone or frozen since when, and shows another one's tree", () => {
    const members = [
      member(1, { condition: 'gone', pid: 0, since: 2_000 }),
      member(2, { condition: 'frozen', since: 5_000 }),
      member(3),
    ];
    const lines = render({ ...SCENE, members }, WIDE);
    assert.equal(lineOf(lines, /^> 1/), '> 1     -        gone, 3 s ago');
    assert.equal(lineOf(lines, /^ {2}2/), '  2     4712     frozen, 0 s ago');
    assert.equal(lineOf(lines, /^the tree/), 'the tree, as peer 3 has it');
  });

  test('says why a peer does not serve, and that what it shows may be old', () => {
    const look: Look = { ...LOOK, state: 'looking', isServing: false, leader: undefined };
    const members = [member(1, { look: { ...look, reason: 'no quorum: 1 of 3 voters' } })];
    const lines = render({ ...SCENE, members }, WIDE);
    assert.match(lineOf(lines, /^> 1/), /looking +- .*no quorum: 1 of 3 voters$/);
    assert.match(lineOf(lines, /^the tree/), /maybe out of date$/);
  });

  test('shows how long the others needed when a leader went', () => {
    const takeovers: Scene['takeovers'] = [
      { from: 2, cause: 'killed', took: 31 },
      { from: 3, cause: 'closed', took: 12 },
      { from: 1, cause: 'frozen', took: undefined },
    ];
    const lines = render({ ...SCENE, takeovers }, WIDE).map((line) => line.trimEnd());
    assert.deepEqual(
      lines.filter((line) => line.startsWith('leader')),
      [
        'leader 2 was killed: the next write after 31 ms',
        'leader 3 was closed: no write waited longer than 12 ms',
        'leader 1 was frozen: nobody has written since',
      ],
    );
  });

  test('stays within the terminal, and keeps the keys when the tree is cut', () => {
    const many = Array.from({ length: 50 }, (_, at) => {
      return { path: `/n${at}`, data: 'x'.repeat(200), isEphemeral: false, children: 0 };
    });
    const scene = { ...SCENE, members: [member(1, { look: { ...LOOK, tree: many } }), LEADER] };
    for (const rows of [3, 10, 15, 24, 60]) {
      const lines = render(scene, { columns: 60, rows });
      assert.ok(lines.length < rows, `${lines.length} lines of ${rows}`);
      assert.ok(lines.every((line) => line.length < 60));
      if (rows >= 15) assert.match(lines.at(-1) ?? '', /q quit|choose/);
    }
  });
});
