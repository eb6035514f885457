/** The access review: what it says of people, what changed, and its forms. */
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "csv-parse/sync";
import type { FoundAssignment } from "../../src/page/source.ts";
import { STYLE } from "../../src/page/style.ts";
import { compareReviews, readReview } from "../../src/report/compare.ts";
import { reviewCsv } from "../../src/report/csv.ts";
import { reviewHtml } from "../../src/report/html.ts";
import { type Review, reviewOf } from "../../src/report/review.ts";
import { readKey, signatureOf } from "../../src/report/sign.ts";
import { INSTANCE_ARN } from "../e2e/support.ts";
import { condition, everything, HOSTILE, persona, SINCE, set, user } from "../page/scene.ts";

const NOW = new Date("2026-11-29T00:00:00Z");
const ASSIGNED = [condition("Ready", "True", "Converged", "ok"), condition("RoleAssigned", "True", "UpToDate", "ok")];
const objects = {
  personas: [persona("agents", { groups: [{ displayName: "Agents", id: "id-agents" }] })],
  users: [
    user("jane", { conditions: ASSIGNED, entraObjectId: "id-jane" }, { securityProfiles: ["Agent", "Admin"] }),
    user("omar", { conditions: [condition("RoleAssigned", "False", "Failed", "x")] }),
  ],
  sets: [set("everybody")],
};
const found = [
  { instanceArn: INSTANCE_ARN, username: "jane@example.com", securityProfiles: ["Agent"], owner: "c/team/jane" },
  { instanceArn: INSTANCE_ARN, username: "eve", securityProfiles: ["Admin"] },
  // The same name in another instance is another user.
  { instanceArn: INSTANCE_ARN.replace("us-east-1", "eu-west-2"), username: "omar@example.com", securityProfiles: [] },
];
objects.personas[0]!.spec.application.groups = [{ displayName: "Agents" }, { id: "id-declared" }];
const assignment = (persona: string, principalId: string, principalType: FoundAssignment["principalType"]) => ({
  namespace: "team",
  persona,
  principalType,
  principalId,
  principal: `name of ${principalId}`,
});
const assigned = [
  assignment("agents", "ID-jane", "User"),
  assignment("agents", "id-agents", "Group"),
  assignment("agents", "id-declared", "Group"),
  assignment("agents", "id-mallory", "User"),
  assignment("agents", "id-everybody", "Group"),
  // Declared, and for another persona.
  assignment("managers", "id-jane", "User"),
];
const review = () => reviewOf(objects, "Namespace team", NOW, found, assigned);

describe("a review", () => {
  it("says who has what, since when, and by which set or manifest", () => {
    expect(review().people).toMatchObject([
      {
        username: "jane@example.com",
        persona: "agents",
        declaredBy: "set everybody (persona=rule of jane)",
        declaredSince: SINCE,
        state: "ready",
        roleAssigned: "yes",
        roleAssignedSince: SINCE,
        securityProfiles: ["Agent", "Admin"],
        foundSecurityProfiles: ["Agent"],
        routingProfile: "Basic Routing Profile",
      },
      {
        username: "omar@example.com",
        state: "unseen",
        roleAssigned: "no",
        foundSecurityProfiles: [],
        securityProfiles: ["Agent"],
      },
    ]);
  });

  it("says whom Connect has and nobody declared", () => {
    expect(review().undeclared?.map(({ username }) => username)).toEqual(["eve", "omar@example.com"]);
  });

  it("says who has a persona's role in Entra and is not declared", () => {
    expect(review().undeclaredAssignments?.map(({ persona, principalId }) => [persona, principalId])).toEqual([
      ["agents", "id-everybody"],
      ["managers", "id-jane"],
      ["agents", "id-mallory"],
    ]);
  });

  it("says so when Connect and Entra were not asked", () => {
    const notAsked = { notAsked: "no credentials" };
    const { undeclared, undeclaredAssignments, people, ...said } = reviewOf(objects, "x", NOW, notAsked, notAsked);
    expect([undeclared, undeclaredAssignments, people[0]!.foundSecurityProfiles]).toEqual([]);
    expect(said).toMatchObject({ notAsked: "no credentials", entraNotAsked: "no credentials" });
  });
});

describe("two reviews", () => {
  const later = (change: (review: Review) => void) => {
    const copy = structuredClone(review());
    change(copy);
    return compareReviews(review(), copy);
  };

  it("of the same state differ in nothing", () => {
    expect(later(() => {})).toEqual({ since: NOW.toISOString(), people: [], undeclared: [] });
  });

  it.each<[string, (review: Review) => void, unknown]>([
    ["a person more", ({ people }) => people.push({ ...people[0]!, name: "new" }), { name: "new", change: "added" }],
    ["a person less", ({ people }) => people.pop(), { name: "omar", change: "removed", fields: [] }],
    [
      "a profile more",
      ({ people }) => people[1]!.securityProfiles.push("Admin"),
      {
        name: "omar",
        change: "changed",
        fields: [{ path: "securityProfiles", before: "Agent", after: "Admin, Agent" }],
      },
    ],
    [
      "another persona",
      ({ people }) => Object.assign(people[0]!, { persona: "managers" }),
      { change: "changed", fields: [{ path: "persona", before: "agents", after: "managers" }] },
    ],
  ])("%s", (_, change, expected) => {
    expect(later(change).people).toEqual([expect.objectContaining(expected as object)]);
  });

  it("the order of profiles, other words, and a Connect that was not asked are no change", () => {
    expect(
      later(({ people }) => {
        people[0]!.securityProfiles.reverse();
        people[0]!.sentence = "other words";
        people[0]!.foundSecurityProfiles = undefined;
      }).people,
    ).toEqual([]);
  });

  it("who came and went without a declaration", () => {
    const { undeclared } = later((one) => {
      one.undeclared = [{ instanceArn: INSTANCE_ARN, username: "mallory", securityProfiles: [] }];
      one.undeclaredAssignments?.shift();
    });
    expect(undeclared).toEqual([
      { username: "mallory", change: "added" },
      { username: "eve", change: "removed" },
      { username: "omar@example.com", change: "removed" },
      { username: "name of id-everybody, persona team/agents", change: "removed" },
    ]);
  });

  it.each(["{", "[]", '{"version":2}', "null"])("%s is no review", (text) => {
    expect(() => readReview(text)).toThrow(/not JSON|not a review/);
  });
});

describe("the HTML file", () => {
  const hostile = reviewOf(
    everything(HOSTILE),
    HOSTILE,
    NOW,
    [{ instanceArn: HOSTILE, username: HOSTILE, securityProfiles: [HOSTILE], owner: HOSTILE }],
    [{ ...assigned[3]!, principal: HOSTILE, principalId: HOSTILE }],
  );
  const text = reviewHtml(hostile, compareReviews({ ...hostile, people: [], undeclared: [] }, hostile));

  it("shows hostile names as text", () => {
    expect(text).toMatch(/&lt;script&gt;alert/);
    expect(text).not.toMatch(/<script|\u202e|" onload/);
  });

  it("loads nothing, and its policy allows its own style alone", () => {
    expect(text).not.toMatch(/<(script|link|img|iframe)|(src|href)="http/);
    const hash = createHash("sha256").update(STYLE).digest("base64");
    expect(text).toContain(`<style>${STYLE}</style>`);
    expect(text).toContain(`style-src &#39;sha256-${hash}&#39;`.replaceAll("&#39;", "'"));
  });

  it("says what changed and what nobody declared", () => {
    const now = review();
    const shown = reviewHtml(now, compareReviews({ ...now, people: [] }, now));
    expect(shown).toMatch(/What changed since 29 Nov 2026[\s\S]*jane@example\.com[\s\S]*added/);
    expect(shown).toMatch(/none: made by hand/);
    expect(shown).toMatch(/With a role in Entra and not declared[\s\S]*name of id-mallory/);
  });
});

describe("the CSV file", () => {
  it("has a line for each person and each Connect user whom nobody declared", () => {
    const rows = parse(reviewCsv(review()), { columns: true }) as Record<string, string>[];
    expect(rows.map(({ username, declaredBy }) => [username, declaredBy])).toEqual([
      ["jane@example.com", "set everybody (persona=rule of jane)"],
      ["omar@example.com", "set everybody (persona=rule of omar)"],
      ["eve", "no one"],
      ["omar@example.com", "no one"],
      ["", "no one"],
      ["", "no one"],
      ["", "no one"],
    ]);
    expect(rows[4]).toMatchObject({ entraUser: "name of id-everybody", persona: "agents", roleAssigned: "yes" });
    expect(rows[0]!.securityProfiles).toBe("Agent; Admin");
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")'])("%s is no formula", (username) => {
    const { people } = review();
    const text = reviewCsv({ ...review(), people: [{ ...people[0]!, username }] });
    const [row] = parse(text, { columns: true }) as Record<string, string>[];
    expect(row!.username).toBe(`'${username}`);
  });

  it("a line break in a name makes no line", () => {
    const { people } = review();
    expect(
      reviewCsv({
        ...review(),
        undeclared: [],
        undeclaredAssignments: [],
        people: [{ ...people[0]!, fullName: "a\r\nb,c" }],
      }).split("\r\n"),
    ).toHaveLength(3);
  });
});

describe("the signature", () => {
  it.each([
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
  ])("of a key of %s is one that openssl verifies, and not of a changed file", (_, pair) => {
    const { privateKey, publicKey } = pair();
    const folder = mkdtempSync(join(tmpdir(), "connect-sso-report-"));
    try {
      const [file, signature, pem] = ["review.html", "review.html.sig", "public.pem"].map((name) =>
        join(folder, name),
      ) as [string, string, string];
      const text = reviewHtml(review());
      writeFileSync(file, text);
      writeFileSync(
        signature,
        signatureOf(text, readKey(privateKey.export({ type: "pkcs8", format: "pem" }) as string)),
      );
      writeFileSync(pem, publicKey.export({ type: "spki", format: "pem" }));
      const verify = () =>
        execFileSync("openssl", ["dgst", "-sha256", "-verify", pem, "-signature", signature, file], {
          stdio: "pipe",
        }).toString();
      expect(verify()).toMatch(/Verified OK/);
      writeFileSync(file, text.replace("jane", "eve"));
      expect(verify).toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("a key that cannot sign is refused without repeating it", () => {
    expect(() => readKey("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----")).toThrow(
      /^it is not a private key in PEM/,
    );
    const { privateKey } = generateKeyPairSync("ed25519");
    expect(() => readKey(privateKey.export({ type: "pkcs8", format: "pem" }) as string)).toThrow(/type ed25519/);
  });
});
