import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { formatZxid } from '../../lib/base/zxid.ts';
import { PERMISSION } from '../../lib/tree/acl.ts';
import { TRUSTED } from '../../lib/tree/reader.ts';
import type { CreateMode, NodeOperation, OperationResult } from '../../lib/tree/request.ts';
import type { Applied } from '../../lib/tree/state-machine.ts';
import type { Stat } from '../../lib/tree/znode.ts';
import { type Command, datadriven } from '../datadriven.ts';
import { check, create, remove, START, set, setAcl, text, World } from './world.ts';

const MODES: Readonly<Record<string, CreateMode>> = {
  create: 'persistent',
  sequential: 'persistent-sequential',
  ephemeral: 'ephemeral',
  'ephemeral-sequential': 'ephemeral-sequential',
  container: 'container',
};

/** As zkCli prints it, times in ms since the start. */
function printStat(stat: Stat): string {
  const time = (at: number): string => (at === 0 ? '0' : `+${at - START}`);
  return [
    `cZxid = ${formatZxid(stat.czxid)}  ctime = ${time(stat.ctime)}`,
    `mZxid = ${formatZxid(stat.mzxid)}  mtime = ${time(stat.mtime)}`,
    `pZxid = ${formatZxid(stat.pzxid)}  cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}  aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${formatZxid(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}  numChildren = ${stat.numChildren}`,
  ].join('\n');
}

function printResult(result: OperationResult): string {
  switch (result.type) {
    case 'error': {
      const index = result.index === undefined ? '' : ` in operation ${result.index}`;
      return `${result.code} ${result.path ?? ''}`.trimEnd() + index;
    }
    case 'create':
      return `created ${result.path}`;
    case 'set':
      return `set, version ${result.stat.version}`;
    case 'set-acl':
      return `set, version ${result.stat.aversion}`;
    case 'multi':
      return result.results.map(printResult).join('\n');
    case 'create-session':
    case 'move-session':
      return `session ${formatZxid(result.session)}`;
    default:
      return 'ok';
  }
}

function printApplied({ zxid, result, events, ended }: Applied): string {
  const lines = [`${formatZxid(zxid)} ${printResult(result)}`];
  for (const { type, path } of events) lines.push(`  ${type} ${path}`);
  for (const session of ended) lines.push(`  session ${formatZxid(session)} ended`);
  return lines.join('\n');
}

/** Commands: time +ms; open|close|use NAME; create… PATH [DATA]; set|delete PATH …; check PATH [VERSION [CZXID]]; multi; stat|get|ls PATH; acl PATH; reap; watch everything as events. */
class Interpreter {
  readonly #world = new World();
  readonly #sessions = new Map<string, bigint>();
  #session = 0n;

  run(command: Command): string {
    const [path = '', argument = ''] = command.args;
    switch (command.name) {
      case 'time':
        this.#world.now += Number(path);
        return `+${this.#world.now}`;
      case 'open':
        this.#session = this.#world.open();
        this.#sessions.set(path, this.#session);
        return `session ${formatZxid(this.#session)}`;
      case 'use':
        this.#session = this.#sessions.get(path) ?? 0n;
        return '';
      case 'close': {
        const session = this.#sessions.get(path) ?? 0n;
        return printApplied(this.#world.close(session));
      }
      case 'stat': {
        const found = this.#world.state.exists(path, TRUSTED);
        return found.type === 'error' ? found.code : printStat(found.stat);
      }
      case 'get': {
        const found = this.#world.state.get(path, TRUSTED);
        return found.type === 'error' ? found.code : text(found.data);
      }
      case 'ls': {
        const page = argument === '' ? {} : { limit: Number(argument), after: command.args[2] };
        const found = this.#world.state.children(path, TRUSTED, page);
        return found.type === 'error' ? found.code : found.children.join('\n');
      }
      case 'acl': {
        const found = this.#world.state.getAcl(path, TRUSTED);
        if (found.type === 'error') return found.code;
        return found.acl
          .map(({ scheme, id, permissions }) => `${scheme}:${id}:${permissions}`)
          .join('\n');
      }
      case 'reap':
        return this.#reap();
      case 'multi':
        return this.#apply({
          type: 'multi',
          operations: command.input.map((line) => operationOf(line.split(' '))),
        });
      default:
        return this.#apply(operationOf([command.name, ...command.args]));
    }
  }

  #apply(operation: NodeOperation | { type: 'multi'; operations: NodeOperation[] }): string {
    return printApplied(this.#world.apply(this.#session, operation));
  }

  #reap(): string {
    const { state, prep } = this.#world;
    for (const node of state.reapable(START + this.#world.now, 100)) {
      this.#world.own((zxid, time) => prep.reap(node, zxid, time));
    }
    return this.#world.settle().map(printApplied).join('\n');
  }
}

function operationOf([
  name = '',
  path = '',
  argument = '',
  ...rest
]: readonly string[]): NodeOperation {
  const mode = MODES[name];
  if (mode !== undefined)
    return create(path, { data: argument, mode, parents: rest.includes('parents') });
  switch (name) {
    case 'ttl':
      return create(path, { mode: 'ttl', ttl: Number(argument) });
    case 'set':
      return set(path, argument, Number(rest[0] ?? -1));
    case 'delete':
      return argument === 'recursive'
        ? remove(path, { recursive: true })
        : remove(path, { version: Number(argument || -1) });
    case 'check':
      return check(
        path,
        Number(argument || -1),
        rest[0] === undefined ? undefined : BigInt(rest[0]),
      );
    case 'set-acl':
      return setAcl(path, [
        {
          scheme: 'world',
          id: 'anyone',
          permissions: argument === '' ? PERMISSION.all : Number(argument),
        },
      ]);
    default:
      assert.fail(`unknown command ${name}`);
  }
}

datadriven(fileURLToPath(new URL('./testdata', import.meta.url)), () => {
  const interpreter = new Interpreter();
  return (command) => interpreter.run(command);
});
