/** The app role that a persona writes, and a value that Entra shortened. */
import { expect, test } from "@jest/globals";
import { iamNames, parseInstanceArn } from "../../src/domain/names.ts";
import { appRoleIdOf, roleDelivery } from "../../src/persona/components/role-delivery.ts";
import type { PersonaScope } from "../../src/persona/scope.ts";
import type { SeenRoleDelivery } from "../../src/persona/seen.ts";
import { CloudError } from "../../src/providers/errors.ts";
import { INSTANCE_ARN } from "../e2e/support.ts";
import { stepsOf } from "../support/steps.ts";

function scopeOf(aws: { roleName?: string; samlProviderName?: string }, mode = "Direct", kept?: number): PersonaScope {
  const spec = { aws: { path: "/connect-sso/", ...aws }, roleDelivery: { mode, provisioning: {} } };
  const instance = parseInstanceArn(INSTANCE_ARN);
  const names = iamNames({ instance, namespace: "contact-centre", name: "agents", aws: spec.aws, provisioning: {} });
  const value = names.appRoleValue.slice(0, kept);
  const role = { id: appRoleIdOf(names.appRoleValue), value, displayName: names.role, isEnabled: true };
  const appRoles = kept === undefined ? [] : [{ ...role, description: "", allowedMemberTypes: ["User"] }];
  return { spec, names, seen: { application: { application: { appRoles } } } } as unknown as PersonaScope;
}

function seenOf(...p: Parameters<typeof scopeOf>): [PersonaScope, SeenRoleDelivery] {
  const scope = scopeOf(...p);
  return [scope, { application: scope.seen.application!.application! }];
}

test.each([
  ["default names", {}, "Direct"],
  ["chosen names", { roleName: "r".repeat(40) }, "Direct"],
  ["short names", { roleName: "agents", samlProviderName: "agents" }, "Direct"],
  ["an imported role", {}, "Provisioning"],
])("%s are no reason for a remark", (_, aws, mode) => {
  const scope = scopeOf(aws, mode);
  expect(roleDelivery.describe(scope, {})).toBe(`The application carries ${scope.names.role}`);
  if (mode === "Provisioning") return;
  const [step] = stepsOf(roleDelivery, scope, { application: scope.seen.application!.application! });
  expect(step!.why).toBe("the application carries no role");
});

test("a value that Entra cut needs manual action, one that somebody edited is set back", () => {
  expect(() => stepsOf(roleDelivery, ...seenOf({}, "Direct", 120))).toThrow(
    expect.objectContaining({
      constructor: CloudError,
      kind: "terminal",
      reason: "NameTooLong",
      message: expect.stringMatching(/^Entra keeps 120 of the 150 characters/),
    }),
  );
  expect(stepsOf(roleDelivery, ...seenOf({}, "Direct", 20))[0]).toMatchObject({
    verb: "update",
    why: "it was changed",
  });
});
