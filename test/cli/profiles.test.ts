/** `connect-sso profiles`, as its user starts it. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { INSTANCE_ARN, persona, world } from "../e2e/support.ts";
import { run } from "./support.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
});
afterAll(() => sandbox?.close());

const ELSEWHERE = INSTANCE_ARN.replace(/[^/]*$/, "0a1b2c3d-0000-4000-8000-000000000000");
const agents = (spec: object = {}, name = "agents") => persona(name, spec);
const profiles = (manifests: object[], ...args: string[]) =>
  run(["profiles", "-f", "-", "--sandbox", ...args], {
    env: sandbox.env,
    input: manifests.map((one) => JSON.stringify(one)).join("\n---\n"),
  });

test("what each profile permits, for people and for programs", async () => {
  const text = await profiles([agents()]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^Persona team\/agents\n {2}Agent: \d+ permissions?\n {4}\S/);
  const { stdout } = await profiles([agents()], "-o", "json");
  const [{ permissions }] = JSON.parse(stdout).personas[0].profiles;
  expect(permissions.length).toBeGreaterThan(0);
  for (const permission of permissions) expect(text.stdout).toContain(permission);
  const markdown = await profiles([agents()], "-o", "markdown");
  expect(markdown.stdout).toContain(`| team/agents | Agent | ${permissions.join(", ")} |`);
});

test("a profile that is not there is said, and the others are shown", async () => {
  const connectUsers = { securityProfiles: ["Agent", "Agnt"], routingProfile: "Basic Routing Profile" };
  const { code, stdout } = await profiles([agents({ connectUsers })]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/Agent: \d+ permission/);
  expect(stdout).toContain("Agnt: the instance has no such security profile");
});

test("an instance that is not there is named, and other personas are shown", async () => {
  const { code, stdout, stderr } = await profiles([agents({ instanceArn: ELSEWHERE }, "lost"), agents()]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(stdout).toContain(`there is no Amazon Connect instance ${ELSEWHERE.split("/")[1]}`);
  expect(stdout).toMatch(/Persona team\/agents\n {2}Agent: \d+ permission/);
});
