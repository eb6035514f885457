import { describe, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { usersFromCsv } from "../../src/manifests/csv.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import { manifestStream } from "../../src/manifests/write.ts";

const SAML =
  "first name,last name,secondary email,mobile,user login,routing profile name,security_profile_name_1|security_profile_name_2,user_hierarchy_1|user_hierarchy_2,phone type (soft/desk),phone number,soft phone auto accept (yes/no),ACW timeout (seconds),tags";
const MANAGED =
  "first name,last name,email address,password,user login,routing profile name,security_profile_name_1|security_profile_name_2,phone type (soft/desk),phone number,soft phone auto accept (yes/no),ACW timeout (seconds),UserHierarchy";
const options = { persona: "agents", namespace: "contact-centre" };
const declared = {
  metadata: { name: "agents", namespace: "contact-centre" },
  spec: {
    connectUsers: {
      securityProfiles: ["Agent"],
      routingProfile: "Basic Routing Profile",
    },
  },
} as ConnectSsoPersona;

test("the template of a SAML instance", () => {
  const { users, problems, dropped } = usersFromCsv(
    `\uFEFF${SAML}\r\nJane,Doe,jane@home.example,+353861234567,jane@example.com,Basic Routing Profile,Agent|Quality,Dublin|Team A,soft,1234567890,yes,30,team|a||cost centre|12\r\nOmar,Said,,,omar@example.com,Basic Routing Profile,Agent,,desk,+35315550100,yes,0,\r\n`,
    options,
  );
  expect(problems).toEqual([]);
  expect(dropped).toEqual([]);
  expect(manifestStream(users)).toMatchInlineSnapshot(`
   "---
   # the phone number is left out: only a desk phone has one
   apiVersion: connectsso.dev/v1alpha1
   kind: ConnectUser
   metadata:
     name: jane
     namespace: contact-centre
   spec:
     personaRef: {name: agents}
     entraUser: {userPrincipalName: jane@example.com}
     firstName: Jane
     lastName: Doe
     secondaryEmail: jane@home.example
     mobile: "+353861234567"
     routingProfile: Basic Routing Profile
     securityProfiles: [Agent, Quality]
     hierarchyGroup: [Dublin, Team A]
     phone: {type: SoftPhone}
     contactHandling:
       voice:
         autoAccept: true
         afterContactWorkSeconds: 30
     tags:
       team: a
       cost centre: "12"
   ---
   # soft phone auto accept is left out: the phone is a desk phone
   apiVersion: connectsso.dev/v1alpha1
   kind: ConnectUser
   metadata:
     name: omar
     namespace: contact-centre
   spec:
     personaRef: {name: agents}
     entraUser: {userPrincipalName: omar@example.com}
     firstName: Omar
     lastName: Said
     routingProfile: Basic Routing Profile
     securityProfiles: [Agent]
     phone:
       type: DeskPhone
       deskPhoneNumber: "+35315550100"
     contactHandling:
       voice: {afterContactWorkSeconds: 0}
   "
  `);
});

test("the template of an instance with passwords: e-mail and password are named as left out, never printed", () => {
  const result = usersFromCsv(
    `${MANAGED}\nRoe,Richard,rroe@example.com,F@keP@ssw0rd,rroe,Basic Routing Profile,CallCenterManager,SOFT_PHONE,,yes,30,technical support/IT/Eastern\n`,
    { ...options, domain: "example.com" },
  );
  expect(result.dropped.map(({ title }) => title)).toEqual(["email address", "password"]);
  expect(result.users[0]!.object.spec).toMatchObject({
    entraUser: { userPrincipalName: "rroe@example.com" },
    hierarchyGroup: ["technical support", "IT", "Eastern"],
    phone: { type: "SoftPhone" },
    contactHandling: { voice: { autoAccept: true, afterContactWorkSeconds: 30 } },
  });
  expect(JSON.stringify(result)).not.toContain("F@keP@ssw0rd");
});

test("what is written is read back as valid manifests", () => {
  const { users } = usersFromCsv(`${SAML}\nJane,"O'Neil: ""J""",,,jane@example.com,,,,,,,,\n`, options);
  const all = { objects: [], problems: [], sources: new Map() };
  parseManifests(manifestStream(users, ["a comment"]), "users.yaml", "default", all);
  expect(all.problems).toEqual([]);
  expect((all.objects as ConnectUser[]).map(({ spec }) => spec.lastName)).toEqual([`O'Neil: "J"`]);
});

describe("separators and quotes", () => {
  const short = ["first name", "last name", "user login"];
  test.each([
    ["semicolons", ";", "\n"],
    ["tabs", "\t", "\n"],
    ["CRLF", ",", "\r\n"],
  ])("%s", (_, separator, end) => {
    const text = [short, ["Jane", `"Doe${separator} PhD"`, "jane@example.com"]]
      .map((cells) => cells.join(separator))
      .join(end);
    const { users, problems } = usersFromCsv(text, options);
    expect(problems).toEqual([]);
    expect(users[0]!.object.spec.lastName).toBe(`Doe${separator} PhD`);
  });
  test("a line number counts blank lines and line breaks in quotes", () => {
    const text = `first name,last name,user login\n\n"Ja\nne",Doe,jane@example.com\nOmar,,omar@example.com\n`;
    expect(usersFromCsv(text, options).problems).toEqual([
      { line: 5, message: "no last name; users of a SAML instance need both" },
    ]);
  });
  test("decomposed names are composed, as Connect wants them", () => {
    const { users } = usersFromCsv("first name,last name,user login\nE\u0301va,Nagy,eva@example.com\n", options);
    expect(users[0]!.object.spec.firstName).toBe("\u00c9va");
  });
});

describe("problems, by line", () => {
  const head = "first name,last name,user login,security profile name,phone type,phone number,ACW timeout,mobile,tags";
  test.each<[string, string, string]>([
    ["names missing", ",,jane@example.com", "no first name and no last name; users of a SAML instance need both"],
    ["no login", "Jane,Doe,", "no user login"],
    [
      "a login that is no address",
      "Jane,Doe,jdoe",
      'user login "jdoe" is not a user principal name, so no one in Entra has it; --domain example.com would complete it',
    ],
    [
      "a guest",
      "Jane,Doe,jane_x.com#EXT#@example.com",
      "user login: the guest user principal name jane_x.com#EXT#@example.com holds '#', which AWS refuses; set application.roleSessionName.from: mail on the persona",
    ],
    [
      "a plus",
      "Jane,Doe,jane+1@example.com",
      `user login: "jane+1@example.com" cannot be a Connect user name: letters, digits and _.-, '@' only in an e-mail address`,
    ],
    ["a desk phone without number", "Jane,Doe,jane@example.com,,desk", "phone type desk, but no phone number"],
    [
      "a number that is not E.164",
      "Jane,Doe,jane@example.com,,desk,01 555",
      'phone number "01 555" is not in E.164 (for example +35315550100)',
    ],
    ["a phone type", "Jane,Doe,jane@example.com,,fax", 'phone type "fax" is neither soft nor desk'],
    ["a time", "Jane,Doe,jane@example.com,,,,1m", 'ACW timeout "1m" is not a number of seconds from 0 to 2000000'],
    [
      "a mobile",
      "Jane,Doe,jane@example.com,,,,,0861234567",
      'mobile "0861234567" is not in E.164 (for example +35315550100)',
    ],
    [
      "a tag",
      "Jane,Doe,jane@example.com,,,,,,team",
      'tags "team" is neither key|value||key|value nor key:value|key:value',
    ],
    [
      "a tag of ours",
      "Jane,Doe,jane@example.com,,,,,,connectsso.dev/owner|me",
      "tag connectsso.dev/owner: keys must not begin with aws: or connectsso.dev/",
    ],
    [
      "a profile that the persona does not allow",
      "Jane,Doe,jane@example.com,Agent|Admin",
      "persona agents does not allow the security profile Admin; it allows Agent",
    ],
    ["too many cells", "Jane,Doe,jane@example.com,,,,,,,x", "10 cells under 9 columns"],
  ])("%s", (_, row, message) => {
    const { users, problems } = usersFromCsv(`${head}\n${row}\n`, {
      ...options,
      declared,
    });
    expect(problems).toEqual([{ line: 2, message }]);
    expect(users).toEqual([]);
  });

  test("the same login twice, with and without the same case", () => {
    const { users, problems } = usersFromCsv(
      "first name,last name,user login\nJane,Doe,jane@example.com\nJane,Doe,JANE@example.com\nJane,Doe,jane@example.com\n",
      options,
    );
    expect(users).toHaveLength(1);
    expect(problems).toEqual([
      {
        line: 3,
        message: "user login JANE@example.com is in line 2 already, which differs in case alone (jane@example.com)",
      },
      {
        line: 4,
        message: "user login jane@example.com is in line 2 already",
      },
    ]);
  });

  test("somebody who is declared already, under another persona", () => {
    const existing = [
      {
        metadata: { name: "jane", namespace: "contact-centre" },
        spec: {
          personaRef: { name: "administrators" },
          entraUser: { userPrincipalName: "Jane@example.com" },
        },
      } as ConnectUser,
    ];
    const { problems } = usersFromCsv("first name,last name,user login\nJane,Doe,jane@example.com\n", {
      ...options,
      existing,
    });
    expect(problems).toEqual([
      {
        line: 2,
        message: "user login jane@example.com is ConnectUser contact-centre/jane of persona administrators already",
      },
    ]);
  });

  test.each<[string, string, { line: number; message: RegExp }[]]>([
    [
      "unknown column",
      "first name,last name,user login,department\nJane,Doe,jane@example.com,Sales\n",
      [
        {
          line: 1,
          message: /^unknown column "department"; understood are first name, /,
        },
      ],
    ],
    [
      "columns missing",
      "user login\njane@example.com\n",
      [
        { line: 1, message: /^there is no column "first name"$/ },
        { line: 1, message: /^there is no column "last name"$/ },
        { line: 2, message: /^no first name and no last name/ },
      ],
    ],
    [
      "an open quote",
      'first name,last name,user login\n"Jane,Doe,jane@example.com\n',
      [{ line: 2, message: /^Quote Not Closed/ }],
    ],
    ["nothing", "", [{ line: 1, message: /^the file is empty$/ }]],
    ["a column twice", "first name,last name,user login,Login\n", [{ line: 1, message: /"user login" appears twice/ }]],
  ])("%s", (_, text, expected) => {
    const { problems } = usersFromCsv(text, options);
    expect(problems.map(({ line }) => line)).toEqual(expected.map(({ line }) => line));
    for (const [index, { message }] of expected.entries()) expect(problems[index]!.message).toMatch(message);
  });
});

test("what equals the persona's defaults is left out", () => {
  const { users } = usersFromCsv(
    "first name,last name,user login,routing profile,security profiles\nJane,Doe,jane@example.com,Basic Routing Profile,Agent\n",
    { ...options, declared },
  );
  expect(Object.keys(users[0]!.object.spec)).toEqual(["personaRef", "entraUser", "firstName", "lastName"]);
});

test("two people with the same name before the @ get names of their own", () => {
  const { users } = usersFromCsv(
    "first name,last name,user login\nJane,Doe,jane@example.com\nJane,Roe,jane@example.org\nOmar,Said,omar@example.com\n",
    options,
  );
  expect(users.map(({ object }) => object.metadata.name)).toEqual(["jane-example.com", "jane-example.org", "omar"]);
});
