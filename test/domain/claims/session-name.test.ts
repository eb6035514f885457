import { expect, test } from "@jest/globals";
import { type NamedPerson, type RoleSessionName, sessionNameOf } from "../../../src/domain/claims/session-name.ts";

const jane: NamedPerson = {
  userPrincipalName: "Jane.Doe@example.com",
  accountEnabled: true,
  mail: "Jane@Example.com",
  mailNickname: "janed",
  employeeId: "E1001",
  onPremisesSamAccountName: "JDOE",
  onPremisesExtensionAttributes: { extensionAttribute3: "jane@agents", extensionAttribute4: null },
};
const guest = { ...jane, userPrincipalName: "jane_x.com#EXT#@example.com" };

test.each<
  [NamedPerson, RoleSessionName["from"], RoleSessionName["transform"], string | { reason: string; message: RegExp }]
>([
  [jane, "userPrincipalName", "None", "Jane.Doe@example.com"],
  [jane, "userPrincipalName", "Lowercase", "jane.doe@example.com"],
  [jane, "userPrincipalName", "MailPrefix", "Jane.Doe"],
  [jane, "mail", "None", "Jane@Example.com"],
  [jane, "mail", "MailPrefix", "Jane"],
  [jane, "mailNickname", "None", "janed"],
  [jane, "employeeId", "None", "E1001"],
  [jane, "onPremisesSamAccountName", "Lowercase", "jdoe"],
  [jane, "extensionAttribute3", "MailPrefix", "jane"],
  [jane, "extensionAttribute3", "None", { reason: "InvalidUsername", message: /only in an e-mail address/ }],
  [jane, "extensionAttribute4", "None", { reason: "EntraUserWithoutName", message: /has no extensionAttribute4/ }],
  [jane, "extensionAttribute5", "None", { reason: "EntraUserWithoutName", message: /has no extensionAttribute5/ }],
  [{ ...jane, mail: null }, "mail", "None", { reason: "EntraUserWithoutMail", message: /has no mail/ }],
  [
    { ...jane, onPremisesExtensionAttributes: null },
    "extensionAttribute3",
    "None",
    { reason: "EntraUserWithoutName", message: /extensionAttribute3/ },
  ],
  [jane, "employeeId", "MailPrefix", { reason: "InvalidUsername", message: /holds no @/ }],
  [{ ...jane, employeeId: "7" }, "employeeId", "None", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, employeeId: "E 1001" }, "employeeId", "None", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, employeeId: "E1001 " }, "employeeId", "None", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, mail: "j@example.com" }, "mail", "MailPrefix", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, mail: "jürgen@example.com" }, "mail", "Lowercase", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, mail: "\u212Aim@example.com" }, "mail", "Lowercase", { reason: "InvalidUsername", message: /2 to 64/ }],
  [{ ...jane, mail: `${"a".repeat(60)}@example.com` }, "mail", "MailPrefix", "a".repeat(60)],
  [{ ...jane, mail: "a+b@example.com" }, "mail", "None", { reason: "InvalidUsername", message: /Connect user name/ }],
  [guest, "userPrincipalName", "None", { reason: "GuestUserPrincipalName", message: /roleSessionName\.from: mail/ }],
  [
    guest,
    "userPrincipalName",
    "MailPrefix",
    { reason: "GuestUserPrincipalName", message: /roleSessionName\.from: mail/ },
  ],
  [guest, "mail", "None", "Jane@Example.com"],
  [{ ...jane, accountEnabled: false }, "mail", "None", { reason: "EntraUserDisabled", message: /is disabled/ }],
])("%j: %s with %s", (person, from, transform, expected) => {
  const found = sessionNameOf(person, { from, transform });
  if (typeof expected === "string") expect(found).toEqual({ name: expected });
  else expect(found).toEqual({ reason: expected.reason, message: expect.stringMatching(expected.message) });
});
