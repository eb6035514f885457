/** A set's template has the fields of a ConnectUser. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";

test("the template's fields are those of ConnectUser, word for word but for defaults", () => {
  const spec = (name: string) =>
    parse(readFileSync(`crds/connectsso.dev_${name}.yaml`, "utf8")).spec.versions[0].schema.openAPIV3Schema.properties
      .spec.properties;
  const user = spec("connectusers");
  for (const property of Object.values(user) as { default?: unknown }[]) delete property.default;
  const template = spec("connectusersets").template.properties;
  for (const [name, property] of Object.entries(template)) expect({ [name]: property }).toEqual({ [name]: user[name] });
  // What only one person has is not in a template: who it is, the persona and what rules add to.
  const personal = [
    "personaRef",
    "entraUser",
    "username",
    "firstName",
    "lastName",
    "secondaryEmail",
    "mobile",
    "suspend",
  ];
  expect(
    Object.keys(user)
      .filter((name) => !(name in template))
      .sort(),
  ).toEqual(personal.sort());
});
