/** The live view as lines of text. Pure: a test can look at it. */
import type { Scene, SeenMember, SeenNode, Takeover } from './scene.ts';

/** What the terminal has room for. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Takeovers that are shown, the newest last. */
const TAKEOVERS = 4;
const KEYS = '1 2 3 choose   k kill   f freeze, wake   r start, restart   q quit';

/** @returns as many lines as there is room for; none is wider than the terminal */
export function render(scene: Scene, size: Size): string[] {
  const above = ['', ...membersOf(scene), ''];
  const below = ['', ...takeoversOf(scene.takeovers), '', KEYS];
  // The last row stays free, so that the terminal does not scroll.
  const room = size.rows - 1 - above.length - below.length;
  const lines = [...above, ...cut(treeOf(scene), room), ...below];
  return lines.slice(0, size.rows - 1).map((line) => line.slice(0, size.columns - 1));
}

function membersOf({ members, chosen, now }: Scene): string[] {
  const rows = members.map((member) => {
    const mark = member.id === chosen ? '>' : ' ';
    return `${mark} ${member.id}     ${pad(member.pid || '-', 9)}${memberOf(member, now)}`;
  });
  return [`  peer  ${pad('process', 9)}${pad('state', 13)}${pad('leader', 8)}zxid`, ...rows];
}

function memberOf({ condition, since, look }: SeenMember, now: number): string {
  const seconds = Math.floor((now - since) / 1_000);
  switch (condition) {
    case 'starting':
    case 'closing':
      return condition;
    case 'frozen':
    case 'gone':
      return `${condition}, ${seconds} s ago`;
    case 'running': {
      if (look === undefined) return 'opened';
      const zxid = `0x${look.zxid.toString(16)}`;
      const facts = `${pad(look.state, 13)}${pad(look.leader ?? '-', 8)}${pad(zxid, 16)}`;
      return look.isServing ? facts : `${facts}${look.reason ?? ''}`;
    }
  }
}

/** As the chosen peer has it, or where that cannot be asked, another one. */
function treeOf({ members, chosen }: Scene): string[] {
  const asked = members.filter(({ condition, look }) => condition === 'running' && look);
  const seer = asked.find(({ id }) => id === chosen) ?? asked[0];
  if (seer?.look === undefined) return ['the tree: nobody can be asked'];
  const age = seer.look.isServing ? '' : ', maybe out of date';
  return [`the tree, as peer ${seer.id} has it${age}`, ...seer.look.tree.map(nodeOf)];
}

function nodeOf({ path, data, isEphemeral, children }: SeenNode): string {
  const names = path.split('/');
  const name = `${'  '.repeat(names.length - 1)}/${names.at(-1)}`;
  const facts = [
    data === '' ? '' : `'${data}'`,
    isEphemeral ? 'ephemeral' : '',
    children === 0 ? '' : `${children} ${children === 1 ? 'child' : 'children'}`,
  ];
  return `${pad(name, 24)}${facts.filter(Boolean).join(', ')}`;
}

function takeoversOf(takeovers: readonly Takeover[]): string[] {
  if (takeovers.length === 0) return ['no leader has gone yet: choose it and press k'];
  return takeovers.slice(-TAKEOVERS).map(({ from, cause, took }) => {
    if (took === undefined) return `leader ${from} was ${cause}: nobody has written since`;
    const told = cause === 'closed' ? 'no write waited longer than' : 'the next write after';
    return `leader ${from} was ${cause}: ${told} ${took} ms`;
  });
}

function cut(lines: readonly string[], room: number): string[] {
  if (lines.length <= room) return [...lines];
  return room < 1 ? [] : [...lines.slice(0, room - 1), '  ...'];
}

function pad(value: string | number, width: number): string {
  return `${value} `.padEnd(width);
}
