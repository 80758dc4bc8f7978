/**
 * The rules of the house as functions over sources, so that a test can show each of them a file that
 * breaks it. They read the syntax tree, not the text: a word in a comment or a string breaks nothing.
 */
import { posix } from 'node:path';
import ts from 'typescript';

/** Rooms that share an entry never import each other; a room imports only from the entries before its own. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['zab', 'tree', 'session'],
  ['wire'],
  ['replica'],
  ['storage', 'transport'],
  ['peer'],
  ['client'],
  ['recipes', 'gateway'],
];

const PURE: ReadonlySet<string> = new Set(['base', 'zab', 'tree', 'session', 'wire', 'replica']);

/** Rooms that show what the public client is good for, and use nothing else. */
const ON_THE_CLIENT: ReadonlyMap<string, readonly string[]> = new Map([
  ['recipes', ['client', 'base']],
]);

/** The rooms that know a package. Whoever needs it elsewhere needs a port. */
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['cbor-x', ['wire', 'client']],
  ['classic-level', ['storage']],
  ['ws', ['transport']],
]);

const WORLD: ReadonlyMap<string, string> = new Map([
  ['Date', 'a clock'],
  ['performance', 'a clock'],
  ['setTimeout', 'a timer'],
  ['setInterval', 'a timer'],
  ['setImmediate', 'a timer'],
  ['queueMicrotask', 'a timer'],
  ['crypto', 'random'],
  ['process', 'the process'],
  ['console', 'the process'],
  ['globalThis', 'the process'],
  ['fetch', 'I/O'],
  ['Buffer', 'Buffer'],
  ['Promise', 'a promise'],
  ['AbortSignal', 'a promise'],
  ['WeakRef', 'the garbage collector'],
  ['FinalizationRegistry', 'the garbage collector'],
]);

/** Methods whose answer depends on the machine: replicas would differ. */
const MACHINE_DEPENDENT: ReadonlySet<string> = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
]);

/** Every file that may stand beside `lib`, `test` and `examples`; dotfiles may always. */
const TOP_LEVEL: ReadonlySet<string> = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'typedoc.json',
  'biome.json',
  'lib',
  'test',
  'examples',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'UPGRADING.md',
  'SECURITY.md',
]);

/** Sources by path from the root, such as `lib/zab/zab.ts`. */
export type Sources = Readonly<Record<string, string>>;

/** What is wrong with the sources, one line each; empty when the house is in order. */
export function violations(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, text]) => [
    ...brokenPromises(path, text),
    ...fromTree(path, text),
  ]);
}

/** Names at the top level that product and build do not know. `ignored` are those git does not see. */
export function strangers(names: readonly string[], ignored: ReadonlySet<string>): string[] {
  return names.filter(
    (name) => !TOP_LEVEL.has(name) && !name.startsWith('.') && !ignored.has(name),
  );
}

interface Documented {
  readonly errno: string;
  readonly outcome: string;
}

/** The rows of the table in `lib/errors.md`, by code. */
export function documentedErrors(guide: string): Map<string, Documented> {
  const rows = new Map<string, Documented>();
  for (const line of guide.split('\n')) {
    const [, code, errno, outcome] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    if (code === undefined || errno === undefined || outcome === undefined) continue;
    if (/^[A-Z][A-Z_]+$/.test(code)) rows.set(code, { errno, outcome });
  }
  return rows;
}

/**
 * Files that a guide names in backticks, as paths from the root: `zab/zab.ts` stands for `lib/zab/zab.ts`.
 * What ends in a slash is a folder.
 */
export function namedFiles(guide: string): string[] {
  const rooms = new Set([...FLOORS.flat(), 'testing']);
  const named = [...guide.matchAll(/`((?:[\w-]+\/)+(?:[\w-]+(?:\.[\w-]+)*\.ts)?)`/g)].flatMap(
    (match) => match[1] ?? [],
  );
  return named.map((path) => (rooms.has(path.split('/')[0] ?? '') ? `lib/${path}` : path));
}

/** Names of code in a guide's backticks, such as `planSync` and both halves of `Zab.elected`. */
export function namedSymbols(guide: string): string[] {
  const named = [...guide.matchAll(/`([A-Za-z]\w*(?:\.[a-z]\w*)?)`/g)].map(
    ([, name]) => name ?? '',
  );
  const symbols = named.filter((name) => !/\.(?:ts|md)$/.test(name));
  return symbols
    .flatMap((name) => name.split('.'))
    .filter((name) => /[a-z][A-Z]|^[A-Z][a-z]/.test(name));
}

function brokenPromises(path: string, text: string): string[] {
  if (!path.startsWith('lib/')) return [];
  const found: string[] = [];
  text.split('\n').forEach((line, index) => {
    const word = /\b(?:TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|expect-error)|biome-ignore/.exec(line);
    if (word !== null) found.push(`${path}:${index + 1}: ${word[0]}`);
  });
  return found;
}

function fromTree(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const room = roomOf(path);
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    found.push(`${path}:${line + 1}: ${what}`);
  };
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      const wrong = wrongImport(path, specifier.text);
      if (wrong !== undefined) report(node, wrong);
    }
    if (room !== undefined && PURE.has(room)) {
      const touched = impurity(node);
      const settled = path === 'lib/base/errors.ts' && touched === 'a promise';
      if (touched !== undefined && !settled) report(node, `${room}/ is pure but uses ${touched}`);
    }
    if (room !== undefined && room !== 'testing' && isComposite(node)) {
      report(node, 'AbortSignal.any stays at its signals: use abortWith');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** `zab` for `lib/zab/zab.ts`; undefined for `lib/index.ts` and for everything outside lib. */
function roomOf(path: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(path)?.[1];
}

function specifierOf(node: ts.Node): ts.StringLiteral | undefined {
  let specifier: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    specifier = node.moduleSpecifier;
  } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    specifier = node.argument.literal;
  } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    specifier = node.arguments[0];
  }
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier : undefined;
}

function wrongImport(path: string, specifier: string): string | undefined {
  if (!path.startsWith('lib/')) return undefined;
  const room = roomOf(path);
  if (!specifier.startsWith('.')) return wrongPackage(room, specifier);
  const target = posix.join(posix.dirname(path), specifier);
  const targetRoom = roomOf(target);
  if (!target.startsWith('lib/')) return `lib imports ${target}, which is not shipped`;
  if (room === 'testing' || room === targetRoom) return undefined;
  if (targetRoom === 'testing') return 'lib imports testing/';
  if (room === undefined) return undefined;
  if (targetRoom === undefined) return `${room}/ imports the public list ${target}`;
  const from = floorOf(room);
  const to = floorOf(targetRoom);
  if (to === undefined || from === undefined)
    return `${room}/ or ${targetRoom}/ stands on no floor`;
  if (to > from) return `${room}/ imports up: ${targetRoom}/`;
  const ground = ON_THE_CLIENT.get(room);
  if (ground?.includes(targetRoom) === false) {
    return `${room}/ stands on ${ground.map((one) => `${one}/`).join(' and ')}, not on ${targetRoom}/`;
  }
  return to === from ? `${room}/ imports sideways: ${targetRoom}/` : undefined;
}

function wrongPackage(room: string | undefined, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) {
    return room !== undefined && PURE.has(room)
      ? `${room}/ is pure but imports ${specifier}`
      : undefined;
  }
  const rooms = PACKAGES.get(specifier);
  if (rooms === undefined) return `${specifier} is not a dependency of quorate`;
  const allowed = room !== undefined && rooms.includes(room);
  return allowed ? undefined : `only ${rooms.join(' and ')} may import ${specifier}`;
}

function floorOf(room: string): number | undefined {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  return floor === -1 ? undefined : floor;
}

/** Which part of the world a node reaches for. */
function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
  if (ts.isAwaitExpression(node)) return 'await';
  if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) return 'await';
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.name.text;
    if (node.expression.getText() === 'Math' && name === 'random') return 'random';
    if (MACHINE_DEPENDENT.has(name)) return name;
  }
  if (ts.isIdentifier(node) && !isOnlyAName(node)) return WORLD.get(node.text);
  return undefined;
}

/** Node 20 remembers it at each of its signals for as long as that lives. */
function isComposite(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && node.getText() === 'AbortSignal.any';
}

/** A member called `process` is not the process. */
function isOnlyAName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  const named = ts.isPropertyAssignment(parent) || ts.isClassElement(parent);
  return (named || ts.isTypeElement(parent)) && parent.name === node;
}
