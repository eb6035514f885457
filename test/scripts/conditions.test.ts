/** docs/conditions.md: a text for every condition and reason of the code, and none for others. */
import { describe, expect, test } from "@jest/globals";
// @ts-expect-error the scripts are plain modules
import { conditionsReference, gaps } from "../../scripts/conditions.mjs";
// @ts-expect-error the scripts are plain modules
import { CONDITIONS, REASONS } from "../../scripts/reasons.mjs";
import { REASON } from "../../src/api/reasons.ts";

test("no text is missing, and none is left over", () => expect(gaps()).toEqual([]));

test("every reason is on the page", () => {
  const page = conditionsReference();
  for (const reason of Object.values(REASON)) expect(page).toContain(`| \`${reason}\` |`);
});

describe("what is missing is named", () => {
  const { ForeignOwner: _, ...owners } = REASONS.Owners;
  const { Ready: __, ...conditions } = CONDITIONS;
  test.each([
    ["a reason without a text", CONDITIONS, { ...REASONS, Owners: owners }, "reason ForeignOwner has no text"],
    ["a text without a reason", CONDITIONS, { ...REASONS, More: { Gone: ["", ""] } }, "reason Gone does not exist"],
    ["a reason twice", CONDITIONS, { ...REASONS, More: { NotOwned: ["", ""] } }, "reason NotOwned is there twice"],
    ["a condition without a text", conditions, REASONS, "condition Ready has no text"],
    ["a text without a condition", { ...CONDITIONS, Gone: ["", ""] }, REASONS, "condition Gone does not exist"],
  ])("%s", (_name, types, reasons, problem) => expect(gaps(types, reasons)).toEqual([problem]));
});
