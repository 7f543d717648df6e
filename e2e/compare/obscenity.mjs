// npm's obscenity with the same keys and texts: recall by class of evasion, false alarms, time by message.
//   cargo run -p frankly-evasion -- keys > keys.txt, and so on: see docs/benchmarks.md
import { readFileSync } from 'node:fs';
import { DataSet, RegExpMatcher, englishRecommendedTransformers, parseRawPattern } from 'obscenity';

const [keysFile, benignFile, ...dressedFiles] = process.argv.slice(2);
if (dressedFiles.length === 0) {
	process.stderr.write('usage: node obscenity.mjs KEYS BENIGN DRESSED...\n');
	process.exit(2);
}
const lines = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean);
const objects = (file) => lines(file).map((line) => JSON.parse(line));

const set = new DataSet();
for (const key of lines(keysFile)) {
	set.addPhrase((phrase) => phrase.addPattern(parseRawPattern(`|${key}|`)));
}
const matcher = new RegExpMatcher({ ...set.build(), ...englishRecommendedTransformers });

const times = [];
const finds = (text) => {
	const began = process.hrtime.bigint();
	const found = matcher.hasMatch(text);
	times.push(Number(process.hrtime.bigint() - began) / 1000);
	return found;
};

const classes = new Map();
for (const { class: name, text } of dressedFiles.flatMap(objects)) {
	const [found, all] = classes.get(name) ?? [0, 0];
	classes.set(name, [found + Number(finds(text)), all + 1]);
}
for (const [name, [found, all]] of classes) {
	console.log(`| ${name} | ${(found / all).toFixed(3)} |`);
}
const firsts = [...classes.values()].slice(0, 21).map(([found, all]) => found / all);
console.log(`| mean of the 21 | ${(firsts.reduce((sum, one) => sum + one, 0) / firsts.length).toFixed(3)} |`);
const harmless = objects(benignFile);
times.length = 0;
const flagged = harmless.filter(({ text }) => finds(text)).length;
console.log(`| harmless lines flagged | ${(flagged / harmless.length).toFixed(3)} |`);
times.sort((one, other) => one - other);
console.log(`harmless lines, µs: p50 ${times[times.length >> 1].toFixed(0)}, p99 ${times[Math.floor(times.length * 0.99)].toFixed(0)}`);
