/** A process of its own that opens a store and holds it until it is killed. */
import { argv, stdin } from 'node:process';
import { LevelStorage } from '../../lib/storage/level-storage.ts';

await new LevelStorage(argv[2] ?? '', 1).open();
console.log('open');
stdin.resume();
