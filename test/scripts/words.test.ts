/** The word list of `make lint` finds each of its words, in prose only, and says where and what to write instead. */
import { expect, test } from "@jest/globals";
// @ts-expect-error the scripts are plain modules
import { files, findings, WORDS } from "../../scripts/words.mjs";

const FOUND: [word: string, sentence: string][] = [
  ["Whoever", "Whoever holds the key can sign in."],
  ["nobody", "Then nobody can sign in."],
  ["told", "Problems are told by line."],
  ["tells", "The status tells the state."],
  ["mends", "What mends it is in the message."],
  ["stands", "Drift stands."],
  ["keeps up", "It keeps up single sign-on."],
  ["let go", "The object is let go."],
  ["is looked at", "Nothing is looked at."],
  ["barred", "A change is barred."],
  ["matters", "The order matters."],
  ["deed", "Every deed is logged."],
  ["change(s)", "2 change(s) found."],
  ["who takes over", "Those who takes over the role."],
  ["need a person", "4 resources need a person."],
  ["behind the controller's back", "It was changed behind the controller's back."],
  ["goes after", "The persona goes after its users."],
  ["at will", "It creates roles at will."],
  ["goes on", "Sign-in goes on."],
  ["anew", "The user is made anew."],
  ["lest", "Wait, lest it fails."],
  ["amiss", "Users that are amiss."],
  ["for good", "It is gone for good."],
  ["in vain", "It tried in vain."],
  ["thus", "It thus fails."],
  ["speaks of", "The spec that it speaks of."],
  ["does not read so", "It does not read so yet."],
  ["is awaited", "The role is awaited."],
  ["her", "Why her login fails."],
  ["holds up", "It holds up the queue."],
  ["somebody else's", "It is somebody else's object."],
  ["is let in", "The user is let in."],
  ["set back", "Drift is set back."],
  ["set right", "It sets right what differs."],
];

test.each(FOUND)("%s is found in Markdown, and a remedy is named", (word, sentence) => {
  const found: string[] = findings(`# Title\n\n${sentence}\n`, "docs/page.md");
  expect(found.some((line) => line.toLowerCase().includes(`docs/page.md:3: “${word.toLowerCase().slice(0, 3)}`))).toBe(
    true,
  );
  expect(found.every((line) => / write: \w/.test(line))).toBe(true);
});

test("every pattern of the list has a sentence here", () => {
  const untested = WORDS.filter(
    ([pattern]: [RegExp]) => !FOUND.some(([, text]) => new RegExp(pattern, "i").test(text)),
  );
  expect(untested).toEqual([]);
});

test.each([
  ["a string", 'fail("nobody may do that");', 1],
  ["the text around a value", `fail(\`\${count} user(s) of \${name}\`);`, 1],
  ["a comment", "call(); // whoever calls\n", 1],
  ["code in a comment", "// `barred` is a fate\n", 0],
  ["a name", "const nobody = told(barred);", 0],
  ["a value that is one word", 'kind = "barred";', 0],
  ["a call in a value", `fail(\`of \${list(s)} here\`);`, 0],
])("of code: %s", (_, text, count) => expect(findings(text, "src/a.ts")).toHaveLength(count));

test.each([
  "An attacker who takes over the identity gets its rights.",
  "The name tells apart two users.",
  "UPN stands for user principal name.",
  "Run `grep -hE nobody file`.",
])("is not found: %s", (sentence) => expect(findings(sentence, "docs/page.md")).toEqual([]));

test("what people read is among the files: documents, charts, alerts and messages", () => {
  expect(files()).toEqual(
    expect.arrayContaining([
      "README.md",
      "docs/troubleshooting.md",
      "docs/runbooks/ConnectSsoUsersStalled.md",
      "helm/connect-sso/values.yaml",
      "deploy/prometheus/connect-sso.rules.yaml",
      "src/cli/catalogue/index.ts",
    ]),
  );
});
