// The word list of `make lint`: finds turns of phrase that a native speaker stops at, in all that people read, and says what to write instead.
// Of code it reads comments and the literals that are prose; identifiers are left to review. `node scripts/words.mjs [FILE…]`
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "@babel/parser";

/** [what is found, what to write instead]. Upper and lower case are the same. */
export const WORDS = [
  [/\bwhoever\b/, "anyone who, the person who"],
  [/\bnobody\b/, "no one, no user"],
  [/\btold\b/, "reported, shown, known by"],
  [/\btells\b(?! apart)/, "shows, says"],
  [/\bmend(s|ed|ing)?\b/, "fix"],
  [/\bstands\b(?! for\b)/, "exists, remains, is"],
  [/\b(keep(s|ing)?|kept) up\b(?! with)/, "maintain"],
  [/\blet(s|ting)? go\b/, "release"],
  [/\b(is|are|was|were|be|been|being) looked at\b|\blooked at (once|again|now|yet)\b/, "checked, read, reconciled"],
  [/\bbarred\b/, "blocked, not allowed"],
  [/\bmatters\b/, "say what depends on it"],
  [/\bdeeds?\b/, "action, change"],
  [/\b[a-z]+\(s\)/, "a number with the right singular or plural"],
  [/(?<!attacker )\bwho takes over\b/, "an attacker who takes over"],
  [/\bneeds? a person\b/, "needs manual action"],
  [/\bbehind (the|its|our|their|your) (\w+ )?(\w+'s? )?backs?\b/, "outside the controller"],
  [/\bgoes after\b/, "is deleted after, waits for"],
  [/\bat will\b/, "freely, any"],
  [/\bgo(es)? on\b|\bgoing on\b/, "continue"],
  [/\banew\b/, "again"],
  [/\blest\b/, "so that … not"],
  [/\bamiss\b/, "wrong, failing"],
  [/\bfor good\b/, "permanently"],
  [/\bin vain\b/, "without success"],
  [/\b(whence|whither|thereby|hence|thus|forthwith)\b/, "a plain sentence"],
  [/\bspeaks? (of|to)\b/, "describe, refer to, call"],
  [/\bdoes not read so\b/, "is not visible yet"],
  [/\b(is|are) awaited\b/, "Waiting for …"],
  [/(?<![-\w])(her|his|she|he)\b/, "the user's, they"],
  [/\bholds? (it |others |them )?up\b/, "delay, block"],
  [/\b(some|any)body else's\b|\bnobody's\b/, "another owner's, unowned"],
  [/\b(is|are) (let in|let through)\b/, "is allowed, can sign in"],
  [/\bsets? (it |them |that |things )?back\b/, "revert, correct"],
  [/\bsets? right\b|\bput right\b/, "fix, correct"],
];

/** Written by machines from files that are read here, other people's texts, the guide that quotes these words, and texts of machines. */
const NOT_READ = [
  /^docs\/(api|cli|conditions|metrics|settings|performance)\.md$/,
  /^src\/api\/generated\//,
  /^deploy\/(kustomize\/crds|olm\/manifests)\//,
  /^helm\/connect-sso\/files\//,
  /^(LICENSE|NOTICE|package-lock\.json)$/,
  /^scripts\/words\.mjs$/,
  /^(test|bench|tools)\//,
  // Recorded from runs.
  /\/testdata\/|^deploy\/argocd\/resource_customizations\/.*_test\.yaml$/,
  /\.(svg|png)$/,
];
const READ = /\.(md|ya?ml|sh|tf|bicep|tpl|txt|json|in|ts|mjs)$|^Makefile$|^Dockerfile$/;

/** Of code: comments, and literals that hold a blank. The rest is blanked out, line by line, so that positions stay. */
export function prose(text, path) {
  const withoutCode = (one) => one.replaceAll(/`[^`\n]*`/g, (code) => " ".repeat(code.length));
  if (!/\.(ts|mjs)$/.test(path)) return withoutCode(text);
  const { comments, tokens } = parse(text, { sourceType: "module", plugins: ["typescript"], tokens: true });
  const kept = text.replaceAll(/[^\n]/g, " ").split("");
  const keep = (start, shown) => {
    for (let at = 0; at < shown.length; at++) kept[start + at] = shown[at];
  };
  for (const { start, end } of comments) keep(start, withoutCode(text.slice(start, end)));
  for (const { type, start, end } of tokens) {
    const literal = text.slice(start, end);
    if (["string", "template"].includes(type.label) && /\w\W* /.test(literal)) keep(start, literal);
  }
  return kept.join("");
}

/** `path:line: “word”; write: …` for each finding. */
export function findings(text, path) {
  return prose(text, path)
    .split("\n")
    .flatMap((line, index) =>
      WORDS.flatMap(([pattern, instead]) =>
        [...line.matchAll(new RegExp(pattern, "gi"))].map(
          ([word]) => `${path}:${index + 1}: “${word}”; write: ${instead}`,
        ),
      ),
    );
}

/** The files that people read, as Git knows them. */
export function files() {
  return execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .filter((path) => READ.test(path) && !NOT_READ.some((pattern) => pattern.test(path)));
}

if (import.meta.main) {
  const paths = process.argv.length > 2 ? process.argv.slice(2) : files();
  const found = paths.flatMap((path) => findings(readFileSync(path, "utf8"), path));
  for (const line of found) console.error(line);
  if (found.length > 0) console.error(`${found.length} to reword; the style is in CONTRIBUTING.md`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
