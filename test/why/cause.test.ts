/** Which of several broken links is named as the cause. */
import { expect, test } from "@jest/globals";
import { causeOf, type Link } from "../../src/why/login.ts";

const REPAIRS = ["set driftPolicy: Correct on persona agents", "connect-sso reconcile jane"];
const [ofPersona, ofUser] = REPAIRS;
const broken = (name: string, fix: string | undefined): Link => ({
  name,
  state: "broken",
  text: "",
  ...(fix ? { fix } : {}),
});

test.each([
  ["what no apply fixes comes first", [broken("trust", ofPersona), broken("person", "enable the account")], "person"],
  ["then what the persona owns", [broken("assignment", ofUser), broken("trust", ofPersona)], "trust"],
  ["then the first in the order of a login", [broken("assignment", ofUser), broken("user", ofUser)], "assignment"],
  ["nothing is broken", [{ name: "user", state: "warning", text: "" } as Link], undefined],
])("%s", (_, links, cause) => {
  expect(causeOf(links, REPAIRS)?.name).toBe(cause);
});
